-- Rows $2, of whatever kind, and whether their work is not done at $1.
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from agreement
where id = any($2)
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from instalment
where id = any($2)
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) or state = 'sending' as is_wanting
from payment
where id = any($2)
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from webhook
where id = any($2)
