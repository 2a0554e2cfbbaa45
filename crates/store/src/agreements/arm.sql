-- Marks drafts $1, leased under $2, as being sent at $3, asked about at $4, if their plan wants them.
with wanted as (
  select a.id
  from agreement a
  join plan p on p.id = a.plan_id
  where a.id = any($1)
    and a.lease_token = $2
    and a.state = 'drafted'
    and p.state = 'awaiting_agreement'
    and p.frozen_because is null
  order by a.id
  for no key update of a
  for share of p
)
update agreement a
set state = 'sending',
    send_no = a.send_no + 1,
    first_sent_at = coalesce(a.first_sent_at, $3),
    last_sent_at = $3,
    absent_since_at = null,
    wake_at = $4,
    version = a.version + 1
from wanted
where a.id = wanted.id
returning a.id
