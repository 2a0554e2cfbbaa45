-- Of the instalments for which a payment was made since $1, one for which more was sent on the day that begins at
-- $2, ends at $5 and has the date $3 than may be: before its date, by more uids than one, the retries its plan
-- allows (at most $4) and those a person asked for that day, or more money than is due. What another process makes on a later day meanwhile is not this
-- day's.
select i.plan_id,
       i.id,
       i.due_date,
       i.amount_cents,
       sent.uids,
       sent.cents
from (
  select distinct instalment_id
  from payment
  where ($1::timestamptz at time zone 'UTC') <= (created_at at time zone 'UTC')
    -- With both ends the planner takes them for few, as they are.
    and (created_at at time zone 'UTC') < ($5::timestamptz at time zone 'UTC')
) recent
-- One by one: as a set, however few are recent, all instalments and plans there are would be read in their order.
cross join lateral (
  select * from instalment i where i.id = recent.instalment_id limit 1
) i
cross join lateral (
  select * from plan p where p.id = i.plan_id limit 1
) p
cross join lateral (
  select count(*) filter (where m.state not in ('rejected', 'abandoned')) as uids,
         coalesce(sum(m.amount_cents) filter (
           where m.state not in ('failed', 'rejected', 'abandoned')), 0)::bigint as cents
  from payment m
  where m.instalment_id = i.id and $2 <= m.created_at and m.created_at < $5
) sent
where 0 < sent.uids
  and (
    $3 < i.due_date
    or i.amount_cents < sent.cents
    or 1 + case
         when jsonb_typeof(p.policy -> 'retries_max') = 'number'
           then least((p.policy ->> 'retries_max')::numeric, $4)
         else $4
       end
     + (select count(*)
        from journal n
        where n.subject_id = i.id and n.cause = 'collect_again' and $2 <= n.at and n.at < $5)
     < sent.uids)
  -- Told once: whoever has looked into it may let the rest go on.
  and not exists (
    select 1 from exception e where e.kind = 'over_budget' and e.subject_id = i.id)
order by i.id
limit 1
