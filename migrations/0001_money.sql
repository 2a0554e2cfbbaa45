-- The tables of a collection: who repays, what was agreed, what the payer's bank authorised, and every attempt.
--
-- Every row with work left carries `wake_at` (business time: when it wants attention) and a lease
-- (`lease_token`, `leased_until`: database time, who is attending it now). A row whose `wake_at` is null
-- waits for nothing. `leases` counts how often it was leased without being finished.

-- One row is one key to the admin API. The secret itself is never stored.
create table api_key (
  id uuid primary key,
  name text not null,
  secret_sha256 bytea not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  constraint api_key_secret_unique unique (secret_sha256),
  constraint api_key_name_given check (length(name) between 1 and 100)
);

-- One row is one answered (or running) POST under an Idempotency-Key.
create table idempotency (
  api_key_id uuid not null references api_key (id),
  key text not null,
  operation text not null,
  request_sha256 bytea not null,
  response_status smallint not null,
  response_sealed bytea not null,
  created_at timestamptz not null,
  constraint idempotency_pk primary key (api_key_id, key)
);

-- One row is one payer. Name and account are sealed (AES-256-GCM); the hint is all that lists may show.
create table customer (
  id uuid primary key,
  external_id text not null,
  name_sealed bytea not null,
  account_kind text not null,
  account_sealed bytea not null,
  account_fingerprint bytea not null,
  account_hint text not null,
  created_at timestamptz not null,
  constraint customer_external_id_unique unique (external_id),
  constraint customer_account_kind_known check (account_kind in (
    'bban', 'alias_phone', 'alias_email', 'alias_abn', 'alias_organisation_identifier'))
);

-- One row is what one customer agreed to repay.
create table plan (
  id uuid primary key,
  external_id text not null,
  customer_id uuid not null references customer (id),
  purpose text not null,
  description text not null,
  state text not null,
  frozen_because text,
  policy jsonb not null,
  instalment_count integer not null,
  total_cents bigint not null,
  created_at timestamptz not null,
  version bigint not null default 1,
  constraint plan_external_id_unique unique (external_id),
  constraint plan_state_known check (state in (
    'awaiting_agreement', 'active', 'paused', 'completed', 'cancelled', 'blocked')),
  constraint plan_total_positive check (total_cents > 0 and instalment_count > 0)
);
create index plan_of_customer on plan (customer_id);

-- One row is one PayTo agreement proposed for a plan. Its terms never change: Oligo cannot amend.
create table agreement (
  id uuid primary key,
  plan_id uuid not null references plan (id),
  attempt_no integer not null,
  uid text not null,
  provider text not null,
  state text not null,
  terms jsonb not null,
  validity_start_date date not null,
  validity_end_date date,
  slots_allowed integer,
  chosen_because text not null,
  request_body_sealed bytea,
  send_no integer not null default 0,
  first_sent_at timestamptz,
  last_sent_at timestamptz,
  absent_since_at timestamptz,
  confirmed_at timestamptz,
  reason_code text,
  reason_detail text,
  consecutive_failures integer not null default 0,
  created_at timestamptz not null,
  version bigint not null default 1,
  wake_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  leases integer not null default 0,
  constraint agreement_uid_unique unique (uid),
  constraint agreement_attempt_unique unique (plan_id, attempt_no),
  constraint agreement_slots_key unique (id, slots_allowed),
  constraint agreement_uid_shape check (uid ~ '^[A-Za-z0-9_~.-]{1,64}$'),
  constraint agreement_provider_known check (provider in ('oligo')),
  constraint agreement_slots_positive check (slots_allowed >= 1),
  constraint agreement_dates_in_order check (validity_start_date <= validity_end_date),
  constraint agreement_state_known check (state in (
    'drafted', 'sending', 'unknown', 'pending', 'created', 'active', 'suspended',
    'declined', 'expired', 'cancelled', 'failed'))
);
-- A plan has one current agreement: the next may be drafted only when the last one ended.
create unique index agreement_current_one on agreement (plan_id)
  where state not in ('declined', 'expired', 'cancelled', 'failed');
create index agreement_due on agreement (wake_at) where wake_at is not null;
create index agreement_leased on agreement (lease_token) where lease_token is not null;

-- One row is one planned repayment. All of a plan's rows are written when the plan is accepted.
create table instalment (
  id uuid primary key,
  plan_id uuid not null references plan (id),
  sequence integer not null,
  due_date date not null,
  amount_cents bigint not null,
  state text not null,
  ended_because text,
  waiting_because text,
  retries_made integer not null default 0,
  attempts_made integer not null default 0,
  version bigint not null default 1,
  wake_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  leases integer not null default 0,
  constraint instalment_sequence_unique unique (plan_id, sequence),
  constraint instalment_amount_in_range check (amount_cents between 1 and 1000000000),
  constraint instalment_state_known check (state in (
    'scheduled', 'collecting', 'retrying', 'collected', 'missed', 'failed', 'waived',
    'cancelled', 'paid_elsewhere')),
  -- Nothing is lost: an open instalment has a time at which it is looked at again, or a payment that has.
  constraint instalment_ended_sleeps check (
    state in ('scheduled', 'collecting', 'retrying') or wake_at is null)
);
create index instalment_due on instalment (wake_at) where wake_at is not null;
create index instalment_leased on instalment (lease_token) where lease_token is not null;

-- One row is one attempt to collect one instalment. It is committed before any byte leaves.
create table payment (
  id uuid primary key,
  uid text not null,
  instalment_id uuid not null references instalment (id),
  plan_id uuid not null references plan (id),
  agreement_id uuid not null references agreement (id),
  attempt_no integer not null,
  amount_cents bigint not null,
  last_payment boolean,
  request_body text not null,
  state text not null,
  purpose text not null,
  send_no integer not null default 0,
  retries_made integer not null default 0,
  sent_at timestamptz[] not null default '{}',
  last_sent_at timestamptz,
  absent_since_at timestamptz,
  provider_state text,
  failure_code text,
  failure_title text,
  failure_retryable boolean,
  conflict_state text,
  created_at timestamptz not null,
  ended_at timestamptz,
  version bigint not null default 1,
  wake_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  leases integer not null default 0,
  constraint payment_uid_unique unique (uid),
  constraint payment_attempt_unique unique (instalment_id, attempt_no),
  constraint payment_uid_shape check (uid ~ '^[A-Za-z0-9_~.-]{1,64}$'),
  constraint payment_amount_in_range check (amount_cents between 1 and 1000000000),
  constraint payment_purpose_known check (purpose in ('create', 'retry')),
  constraint payment_state_known check (state in (
    'intended', 'sending', 'unknown', 'submitted', 'under_investigation', 'settled',
    'failed', 'rejected', 'abandoned')),
  -- Never forgotten: what may still move money is always looked at again.
  constraint payment_live_is_awake check (
    state not in ('intended', 'sending', 'unknown', 'submitted', 'under_investigation')
    or wake_at is not null)
);
-- Never two at once, never two successes: one live-or-settled payment per instalment.
create unique index payment_live_one on payment (instalment_id)
  where state in ('intended', 'sending', 'unknown', 'submitted', 'under_investigation', 'settled');
create index payment_of_agreement on payment (agreement_id);
create index payment_due on payment (wake_at) where wake_at is not null;
create index payment_leased on payment (lease_token) where lease_token is not null;

-- One row is the right to one payment in one window of an agreement, under one month-end reading.
-- "Too many in this period" cannot be written: slots are numbered up to the agreement's allowance and
-- each number can be held once. A failed payment gives its slot back; an undecided or settled one keeps it.
create table window_slot (
  id bigint generated always as identity primary key,
  agreement_id uuid not null,
  slots_allowed integer not null,
  reading text not null,
  window_first_date date not null,
  slot_no integer not null,
  payment_id uuid not null references payment (id),
  taken_at timestamptz not null,
  released_at timestamptz,
  constraint window_slot_reading_known check (reading in ('oligo', 'azupay')),
  constraint window_slot_within_allowance check (slot_no between 1 and slots_allowed),
  constraint window_slot_allowance_is_the_agreements
    foreign key (agreement_id, slots_allowed) references agreement (id, slots_allowed)
);
create unique index window_slot_held_once
  on window_slot (agreement_id, reading, window_first_date, slot_no) where released_at is null;
create index window_slot_of_payment on window_slot (payment_id) where released_at is null;
