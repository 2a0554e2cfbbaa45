-- What was said and done: provider webhooks as received, the journal, the lender's events, open questions.

-- One row is one webhook delivery as it arrived, sealed, before anything of it is understood.
create table webhook (
  id uuid primary key,
  provider text not null,
  request_id text not null,
  body_sealed bytea not null,
  signed boolean not null,
  received_at timestamptz not null,
  outcome text,
  digested_at timestamptz,
  version bigint not null default 1,
  wake_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  leases integer not null default 0,
  constraint webhook_request_unique unique (provider, request_id)
);
create index webhook_due on webhook (wake_at) where wake_at is not null;
create index webhook_leased on webhook (lease_token) where lease_token is not null;

-- One row is one step of one object: from which state to which, and what caused it. Append only.
create table journal (
  id bigint generated always as identity primary key,
  subject text not null,
  subject_id uuid not null,
  from_state text not null,
  to_state text not null,
  cause text not null,
  detail text,
  at timestamptz not null,
  constraint journal_subject_known check (subject in ('plan', 'agreement', 'instalment', 'payment'))
);
create index journal_of_subject on journal (subject_id, id);

-- One row is one thing the lender is told. `sequence` counts without gaps within its plan (or customer).
-- `written_in` lets a reader stop before transactions that are still open, so a late commit is never skipped.
create table event (
  id uuid primary key,
  position bigint generated always as identity,
  type text not null,
  aggregate_id uuid not null,
  sequence bigint not null,
  data jsonb not null,
  created_at timestamptz not null,
  written_in xid8 not null default pg_current_xact_id(),
  constraint event_sequence_unique unique (aggregate_id, sequence)
);
create unique index event_by_position on event (position);
-- The feed is read in the order of commits: by transaction, then by position.
create index event_in_order on event (written_in, position);

-- One row is how far one aggregate's events are numbered.
create table event_counter (
  aggregate_id uuid primary key,
  last bigint not null
);

-- One row is what a person must decide.
create table exception (
  id uuid primary key,
  kind text not null,
  plan_id uuid references plan (id),
  subject text not null,
  subject_id uuid not null,
  detail text not null,
  owner text,
  next_action text not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  resolution text
);
create unique index exception_open_once on exception (kind, subject_id) where closed_at is null;

-- One row is one switch. `all` is the kill switch: closed, nothing new is sent.
create table control (
  scope text primary key,
  collections_open boolean not null,
  changed_at timestamptz not null,
  reason text not null
);
insert into control (scope, collections_open, changed_at, reason)
values ('all', true, 'epoch', 'open since installation');

-- One row is the fingerprint of a key this database was written with: another uid key would mint other uids for
-- the same instalment, so a process that holds another key must not start.
create table key_fingerprint (
  purpose text primary key,
  fingerprint text not null
);
