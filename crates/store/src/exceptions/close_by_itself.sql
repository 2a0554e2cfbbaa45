-- Closes at $5 the open questions of kinds $1 about objects $2 or about anything of plans $3 (one of both is null),
-- each because of $4. Looked up by either, not by both at once: that would read all open ones of a kind.
with answered as (
  select n.kind, n.subject_id, n.plan_id, n.because
  from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[]) as n (kind, subject_id, plan_id, because)
),
hit as (
  select e.id, n.because
  from answered n
  join exception e on e.kind = n.kind and e.subject_id = n.subject_id
  where e.closed_at is null
  union
  select e.id, n.because
  from answered n
  join exception e on e.kind = n.kind and e.plan_id = n.plan_id
  where e.closed_at is null
),
closed as (
  update exception e
  set closed_at = $5,
      resolution = 'by_itself',
      resolution_reason = hit.because
  from hit
  where e.id = hit.id
    and e.closed_at is null
  returning e.id, e.kind, e.plan_id, e.subject, e.subject_id, e.resolution_reason as because
)
-- In an order, so that what is told of them has one.
select id, kind, plan_id, subject, subject_id, because
from closed
order by id
