-- no-transaction
-- What was asked about a payment or an instalment is found without reading every question there ever was.
create index concurrently if not exists exception_of_subject on exception (subject_id);
