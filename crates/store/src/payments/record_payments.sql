-- Steps of payments, each decided on a version of its row and of its instalment's, and on how many payments of its
-- agreement failed in a row.
update payment m
set state = n.state,
    wake_at = n.wake_at,
    absent_since_at = n.absent_since_at,
    provider_state = coalesce(n.provider_state, m.provider_state),
    failure_code = coalesce(n.failure_code, m.failure_code),
    failure_title = coalesce(n.failure_title, m.failure_title),
    failure_retryable = coalesce(n.failure_retryable, m.failure_retryable),
    sent_at = case
      when n.unsent and 0 < cardinality(m.sent_at) then trim_array(m.sent_at, 1)
      else m.sent_at
    end,
    last_sent_at = case
      when n.unsent then m.sent_at[cardinality(m.sent_at) - 1]
      else m.last_sent_at
    end,
    retries_made = m.retries_made - (n.unretried and m.purpose = 'retry')::integer,
    -- What contradicted the old state says nothing of a new one.
    conflict_state = case
      when n.state = m.state then coalesce(n.conflict_state, m.conflict_state)
    end,
    ended_at = case
      when n.state in ('settled', 'failed', 'rejected', 'abandoned')
        then coalesce(m.ended_at, $11)
    end,
    version = m.version + 1
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[],
            $6::text[], $7::text[], $8::text[], $9::boolean[], $10::text[], $12::bigint[],
            $13::boolean[], $14::boolean[], $15::integer[])
  as n (id, version, state, wake_at, absent_since_at, provider_state, failure_code,
        failure_title, failure_retryable, conflict_state, instalment_version, unsent,
        unretried, failures),
     instalment i,
     agreement a
where m.id = n.id
  and m.version = n.version
  and i.id = m.instalment_id
  and (n.instalment_version is null or i.version = n.instalment_version)
  and a.id = m.agreement_id
  and (n.failures is null or a.consecutive_failures = n.failures)
returning m.id
