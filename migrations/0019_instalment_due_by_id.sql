-- no-transaction
-- Of what wakes at one instant the same is leased first wherever its rows lie, and whatever a vacuum has moved.
create index concurrently if not exists instalment_due_by_id on instalment (wake_at, due_date, id)
where wake_at is not null;
