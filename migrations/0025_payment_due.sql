-- no-transaction
-- `payment_due_by_id` begins with the same columns.
drop index concurrently if exists payment_due;
