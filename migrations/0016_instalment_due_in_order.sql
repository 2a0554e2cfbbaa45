-- no-transaction
-- Of the instalments that wake at one instant the oldest debts are leased first.
create index concurrently if not exists instalment_due_in_order on instalment (wake_at, due_date)
where wake_at is not null;
