-- no-transaction
-- `agreement_due_by_id` begins with the same columns.
drop index concurrently if exists agreement_due;
