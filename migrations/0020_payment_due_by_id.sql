-- no-transaction
-- Of what wakes at one instant the same is leased first wherever its rows lie, and whatever a vacuum has moved.
create index concurrently if not exists payment_due_by_id on payment (wake_at, id)
where wake_at is not null;
