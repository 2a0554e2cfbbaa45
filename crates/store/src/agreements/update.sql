-- Steps of agreements, each decided on a version of its row, at $15. That of a paused plan which is to go on by
-- itself is looked at then, whatever else it waits for: that resumes the plan.
update agreement a
set state = n.state,
    wake_at = case
      when p.state = 'paused' and p.resumes_at is not null
        then least(coalesce(n.wake_at, p.resumes_at), p.resumes_at)
      else n.wake_at
    end,
    absent_since_at = n.absent_since_at,
    confirmed_at = n.confirmed_at,
    reason_code = coalesce(n.reason_code, a.reason_code),
    reason_detail = coalesce(n.reason_detail, a.reason_detail),
    sent_at = case
      when n.unsent and 0 < cardinality(a.sent_at) then trim_array(a.sent_at, 1)
      else a.sent_at
    end,
    waiting_because = n.waiting_because,
    payer_match = coalesce(n.payer_match, a.payer_match),
    payer_alias_name_sealed = coalesce(n.alias_name, a.payer_alias_name_sealed),
    debtor_account_kind = coalesce(n.account_kind, a.debtor_account_kind),
    debtor_account_sealed = coalesce(n.account, a.debtor_account_sealed),
    amended_at = case when n.is_moved then $15 else a.amended_at end,
    version = a.version + 1
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[],
            $6::timestamptz[], $7::text[], $8::text[], $9::boolean[], $10::text[], $11::text[],
            $12::bytea[], $13::text[], $14::bytea[], $16::boolean[])
  as n (id, version, state, wake_at, absent_since_at, confirmed_at, reason_code, reason_detail,
        unsent, waiting_because, payer_match, alias_name, account_kind, account, is_moved),
     plan p
where a.id = n.id and a.version = n.version and p.id = a.plan_id
returning a.id
