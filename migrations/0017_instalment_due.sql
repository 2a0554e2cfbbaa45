-- no-transaction
-- The index of the step before begins with the same column.
drop index concurrently if exists instalment_due;
