-- What was spent of the budgets of instalments $1, as of the day that begins at $2, ends at $4 and has the date
-- $3: their payments with their journals, and their plans' sums. Counted from the rows under the locks of arming. The plans'
-- payments are found by their agreements before the day is asked for: the day's own are those of everybody.
with mine as materialized (
  select id, plan_id from instalment where id = any($1)
),
paid as materialized (
  select a.plan_id,
         m.instalment_id,
         m.amount_cents,
         $2 <= m.created_at and m.created_at < $4 as is_today,
         m.state not in ('failed', 'rejected', 'abandoned') as is_taken
  from agreement a
  join payment m on m.agreement_id = a.id
  where a.plan_id in (select plan_id from mine)
),
taken as materialized (
  select plan_id,
         sum(amount_cents) filter (where is_taken) as cents,
         sum(amount_cents) filter (where is_taken and is_today) as today_cents,
         array_agg(instalment_id) filter (where is_today) as today
  from paid
  group by plan_id
),
due as materialized (
  select d.plan_id, sum(d.amount_cents) as cents
  from instalment d
  left join taken t on t.plan_id = d.plan_id
  where d.plan_id in (select plan_id from mine)
    and d.due_date <= $3
    and (d.state in ('scheduled', 'collecting', 'retrying') or d.id = any (t.today))
  group by d.plan_id
),
earlier as (
  select m.instalment_id,
         array_agg(m.state order by m.attempt_no) as states,
         array_agg(coalesce(j.to_state, '') order by m.attempt_no) as journaled,
         array_agg(m.created_at order by m.attempt_no) as created
  from mine i
  join payment m on m.instalment_id = i.id
  left join lateral (
    select n.to_state
    from journal n
    where n.subject_id = m.id
      -- Quarantine is nowhere that a payment stands.
      and n.to_state not in ('attended', 'quarantined')
    order by n.id desc
    limit 1
  ) j on true
  group by m.instalment_id
)
select i.id,
       p.total_cents,
       coalesce(e.states, '{}') as states,
       coalesce(e.journaled, '{}') as journaled,
       coalesce(e.created, '{}') as created,
       (
         select count(*)
         from journal n
         where n.subject_id = i.id and n.cause = 'collect_again' and $2 <= n.at and n.at < $4
       ) as asked_again,
       coalesce(t.cents, 0)::bigint as taken_cents,
       coalesce(t.today_cents, 0)::bigint as today_cents,
       coalesce(d.cents, 0)::bigint as due_cents
from mine i
join plan p on p.id = i.plan_id
left join earlier e on e.instalment_id = i.id
left join taken t on t.plan_id = i.plan_id
left join due d on d.plan_id = i.plan_id
