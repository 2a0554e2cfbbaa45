-- What watches over the rest: rows whose attendance ends their process, questions with an owner and an answer, whose
-- database this is, and what is done again and again for all processes together.

-- `crashes`: how often in a row the process ended that attended to the row alone; raised before the work, and back to
-- nothing with every recorded outcome. After three the row is quarantined: nobody leases it until a person says so.
alter table agreement
  add column crashes integer not null default 0,
  add column quarantined_at timestamptz;
alter table instalment
  add column crashes integer not null default 0,
  add column quarantined_at timestamptz;
alter table payment
  add column crashes integer not null default 0,
  add column quarantined_at timestamptz;
alter table webhook
  add column crashes integer not null default 0,
  add column quarantined_at timestamptz;

-- A question has an owner since a time, and an answer with a reason.
alter table exception
  add column assigned_at timestamptz,
  add column resolution_reason text,
  add constraint exception_closed_is_resolved check (
    (closed_at is null) = (resolution is null)) not valid;

-- Questions, switches and what else a person decides on have a history too.
alter table journal
  drop constraint journal_subject_known;
alter table journal
  add constraint journal_subject_known check (subject in (
    'plan', 'agreement', 'instalment', 'payment', 'exception', 'control', 'webhook', 'chore')) not valid;

-- One row is one thing that is done again and again, once for all processes: whoever leases the row does it.
-- Without `every_seconds` it is done only when it is woken.
create table chore (
  id uuid primary key,
  name text not null,
  every_seconds integer,
  done_at timestamptz,
  outcome jsonb,
  version bigint not null default 1,
  wake_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  leases integer not null default 0,
  crashes integer not null default 0,
  quarantined_at timestamptz,
  constraint chore_name_unique unique (name),
  constraint chore_every_positive check (0 < every_seconds)
);
create index chore_due on chore (wake_at) where wake_at is not null;
create index chore_leased on chore (lease_token) where lease_token is not null;
insert into chore (id, name)
values (gen_random_uuid(), 'compare_recent'),
       (gen_random_uuid(), 'compare_all'),
       (gen_random_uuid(), 'compare_restored');

-- The one row is the database that was last compared with the provider: which cluster, which of its timelines,
-- which database in it. Another one is a restored or promoted copy, and may lack what was sent: `reconciled_at`
-- is null until it has been compared, and nothing is sent meanwhile.
create table db_fence (
  is_the_one boolean primary key default true,
  system_identifier bigint not null,
  timeline_id bigint not null,
  database_oid bigint not null,
  reconciled_at timestamptz,
  -- The last instant at which anything had been written when it was found to be another database.
  written_until timestamptz,
  constraint db_fence_is_one_row check (is_the_one)
);
insert into db_fence (system_identifier, timeline_id, database_oid, reconciled_at)
select s.system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint,
       d.oid::bigint,
       'epoch'
from pg_control_system() s
cross join pg_database d
where d.datname = current_database();
