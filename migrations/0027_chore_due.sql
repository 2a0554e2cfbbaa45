-- no-transaction
-- `chore_due_by_id` begins with the same columns.
drop index concurrently if exists chore_due;
