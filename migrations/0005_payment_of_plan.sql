-- no-transaction
-- A cancellation looks for the payments of its plan that are under way, while it holds the plan's locks.
create index concurrently if not exists payment_open_of_plan on payment (plan_id)
where state in ('intended', 'sending', 'unknown', 'submitted', 'under_investigation');
