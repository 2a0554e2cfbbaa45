-- no-transaction
-- `instalment_due_by_id` begins with the same columns.
drop index concurrently if exists instalment_due_in_order;
