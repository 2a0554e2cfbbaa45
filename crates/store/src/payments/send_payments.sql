-- Marks payments $1 (retries: $2) as being sent at $3, asked about at $4, leased under $5.
update payment m
set state = 'sending',
    purpose = case when n.is_retry then 'retry' else m.purpose end,
    send_no = m.send_no + 1,
    retries_made = m.retries_made + n.is_retry::integer,
    sent_at = m.sent_at || $3::timestamptz,
    last_sent_at = $3,
    absent_since_at = null,
    ended_at = null,
    wake_at = $4,
    lease_token = $5,
    leased_until = greatest(i.leased_until, m.leased_until),
    version = m.version + 1
from unnest($1::uuid[], $2::boolean[]) as n (id, is_retry), instalment i
where m.id = n.id and i.id = m.instalment_id
returning m.id, m.uid, m.send_no, m.purpose, m.request_body
