-- no-transaction
-- What one customer's agreements collected today is found without reading all that they ever did.
create index concurrently if not exists payment_of_agreement_since on payment (agreement_id, created_at);
