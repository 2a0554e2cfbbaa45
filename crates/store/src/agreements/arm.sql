-- Marks drafts $1 as being sent at $2, asked about at $3. Their rows are locked and were decided on.
update agreement
set state = 'sending',
    send_no = send_no + 1,
    first_sent_at = coalesce(first_sent_at, $2),
    last_sent_at = $2,
    sent_at = array_append(sent_at, $2::timestamptz),
    absent_since_at = null,
    waiting_because = null,
    wake_at = $3,
    version = version + 1
where id = any($1)
