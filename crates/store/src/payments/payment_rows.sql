-- Payments $1 with their instalment, plan and agreement.
select m.id,
       m.uid,
       m.instalment_id,
       m.plan_id,
       m.agreement_id,
       a.uid as agreement_uid,
       m.amount_cents,
       m.state,
       m.purpose,
       m.send_no,
       m.retries_made,
       m.sent_at,
       m.last_sent_at,
       m.ended_at,
       m.absent_since_at,
       m.provider_state,
       m.conflict_state,
       m.version,
       i.state as instalment_state,
       i.version as instalment_version,
       i.attempts_made + i.retries_made as tries_made,
       i.due_date,
       i.sequence,
       p.state as plan_state,
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
       a.terms,
       a.validity_start_date,
       a.validity_end_date,
       a.consecutive_failures
from payment m
join instalment i on i.id = m.instalment_id
join plan p on p.id = m.plan_id
join agreement a on a.id = m.agreement_id
where m.id = any($1)
order by m.id
