-- no-transaction
-- `webhook_due_by_id` begins with the same columns.
drop index concurrently if exists webhook_due;
