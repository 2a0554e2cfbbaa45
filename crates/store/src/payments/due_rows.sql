-- Everything the gate wants to know of instalments $1, oldest due first, on the date $2, which begins at $3.
select i.id,
       i.plan_id,
       i.sequence,
       p.instalment_count,
       i.due_date,
       i.amount_cents,
       i.state,
       i.waiting_because,
       i.attempts_made,
       i.version,
       p.external_id,
       p.customer_id,
       p.state as plan_state,
       p.frozen_because is not null as plan_frozen,
       p.policy,
       case
         when p.policy @> '{"next_window": true}' then array(
           select o.due_date
           from instalment o
           where o.plan_id = p.id
             and o.due_date > i.due_date
             and o.state in ('scheduled', 'retrying')
         )
         else '{}'
       end as others_due,
       coalesce((select f.reconciled_at is not null from db_fence f), false) as is_reconciled,
       (
         select s.word
         from (values
           (1, 'all', 'all'),
           (2, 'provider', 'provider:' || a.provider),
           (3, 'plan', 'plan:' || p.id::text),
           (4, 'agreement', 'agreement:' || a.id::text)
         ) as s (place, word, scope)
         left join control k on k.scope = s.scope
         -- A switch of everything, or of a provider, that is missing counts as closed.
         where not coalesce(k.collections_open, 2 < s.place)
         order by s.place
         limit 1
       ) as closed,
       a.id as agreement_id,
       a.uid as agreement_uid,
       a.state as agreement_state,
       a.confirmed_at,
       a.terms,
       a.validity_start_date,
       a.validity_end_date,
       a.slots_allowed,
       a.consecutive_failures,
       (
         select count(*)::integer
         from payment o
         where o.plan_id = p.id
           and o.agreement_id = a.id
           and o.instalment_id <> i.id
           and o.state in ('sending', 'unknown', 'submitted', 'under_investigation')
       ) as in_flight,
       not exists (
         select 1
         from payment o
         where o.agreement_id = a.id
           and o.instalment_id <> i.id
           and o.state not in ('failed', 'rejected', 'abandoned')
       ) as is_first,
       a.terms @> '{"type": "balloon"}' and exists (
         select 1
         from payment o
         where o.agreement_id = a.id
           and o.instalment_id <> i.id
           and o.last_payment
           and o.state not in ('failed', 'rejected', 'abandoned')
       ) as is_last_made,
       case
         when i.due_date < $2 then (
           select count(*)::integer
           from plan op
           join agreement oa on oa.plan_id = op.id
           join payment o on o.agreement_id = oa.id and $3 <= o.created_at
           join instalment oi on oi.id = o.instalment_id
           where op.customer_id = p.customer_id
             and oi.id <> i.id
             and oi.due_date < $2
             and o.state not in ('rejected', 'abandoned')
         )
         else 0
       end as caught_up,
       l.id as payment_id,
       l.uid as payment_uid,
       l.agreement_id as payment_agreement_id,
       l.state as payment_state,
       l.retries_made as payment_retries,
       l.sent_at as payment_sent_at,
       l.failure_code,
       l.failure_retryable
from instalment i
join plan p on p.id = i.plan_id
join lateral (
  select *
  from agreement n
  where n.plan_id = p.id
  order by n.attempt_no desc
  limit 1
) a on true
left join lateral (
  select *
  from payment n
  where n.instalment_id = i.id
  order by n.attempt_no desc
  limit 1
) l on true
where i.id = any($1)
order by i.due_date, i.sequence, i.id
