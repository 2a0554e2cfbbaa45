-- Agreements $1 with their plan and payer.
select a.id,
       a.plan_id,
       a.uid,
       a.state,
       a.terms,
       a.validity_start_date,
       a.validity_end_date,
       a.send_no,
       a.last_sent_at,
       a.absent_since_at,
       a.confirmed_at,
       a.created_at,
       a.version,
       a.attempt_no,
       a.terms_from,
       a.waiting_because,
       a.cancel_reason,
       a.cancel_sent_at,
       a.cancel_failed_at,
       a.cancel_tries,
       a.debtor_account_kind,
       a.debtor_account_sealed,
       p.state as plan_state,
       p.frozen_because is not null as plan_frozen,
       coalesce((select f.reconciled_at is not null from db_fence f), false) as is_reconciled,
       case when p.state = 'paused' then p.resumes_at end as plan_resumes_at,
       p.policy,
       p.purpose,
       p.description,
       c.name_sealed,
       c.account_kind,
       c.account_sealed,
       c.id as customer_id
from agreement a
join plan p on p.id = a.plan_id
join customer c on c.id = p.customer_id
where a.id = any($1)
order by a.id
