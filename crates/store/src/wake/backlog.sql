-- The first wake-ups by their order: the least of all may be looked for in all of them.
select
  (select count(*) from agreement where wake_at <= $1 and quarantined_at is null)
    + (select count(*) from instalment where wake_at <= $1 and quarantined_at is null)
    + (select count(*) from payment where wake_at <= $1 and quarantined_at is null)
    + (select count(*) from webhook where wake_at <= $1 and quarantined_at is null) as due,
  (select count(*) from agreement where lease_token is not null and now() < leased_until)
    + (select count(*) from instalment where lease_token is not null and now() < leased_until)
    + (select count(*) from payment where lease_token is not null and now() < leased_until)
    + (select count(*) from webhook where lease_token is not null and now() < leased_until) as leased,
  least(
    (select wake_at from agreement where $1 < wake_at and quarantined_at is null order by wake_at limit 1),
    (select wake_at from instalment where $1 < wake_at and quarantined_at is null order by wake_at limit 1),
    (select wake_at from payment where $1 < wake_at and quarantined_at is null order by wake_at limit 1),
    (select wake_at from webhook where $1 < wake_at and quarantined_at is null order by wake_at limit 1)) as next_wake_at
