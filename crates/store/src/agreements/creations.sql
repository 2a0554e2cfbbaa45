-- For each agreement of $1 the fingerprint of its payer's account, and when agreements were sent to the provider
-- since $2 for any customer with that account.
select a.id,
       c.account_fingerprint,
       array(
         select s.at
         from customer other
         join plan p2 on p2.customer_id = other.id
         join agreement a2 on a2.plan_id = p2.id
         cross join unnest(a2.sent_at) as s (at)
         where other.account_fingerprint = c.account_fingerprint
           and $2 <= s.at
       ) as created_at
from agreement a
join plan p on p.id = a.plan_id
join customer c on c.id = p.customer_id
where a.id = any($1)
