-- no-transaction
-- The index of the step before begins with the same column.
drop index concurrently if exists payment_of_agreement;
