-- Rows of all kinds that somebody holds and whose work is not done at $1.
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from agreement
where lease_token is not null and now() < leased_until and wake_at <= $1
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from instalment
where lease_token is not null and now() < leased_until and wake_at <= $1
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) or state = 'sending' as is_wanting
from payment
where lease_token is not null and now() < leased_until and (wake_at <= $1 or state = 'sending')
union all
select id, lease_token, leased_until, version, coalesce(wake_at <= $1, false) as is_wanting
from webhook
where lease_token is not null and now() < leased_until and wake_at <= $1
