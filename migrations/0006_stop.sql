-- Stopping: kill switches of four scopes, plans that are paused, and the look at a day's payments.

-- `all` and `provider:…` are there from the beginning: one that is missing counts as closed. `plan:…` and
-- `agreement:…` come with their first closing; a plan or agreement without one is open.
alter table control
  add constraint control_scope_known check (
    scope ~ '^(all|provider:oligo|(plan|agreement):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
insert into control (scope, collections_open, changed_at, reason)
values ('provider:oligo', true, 'epoch', 'open since installation');

-- A switch has its journal too. Not validated: the lines there are keep to less.
alter table journal
  drop constraint journal_subject_known,
  add constraint journal_subject_known check (
    subject in ('plan', 'agreement', 'instalment', 'payment', 'control')) not valid;

alter table plan
  -- While it is paused: since when, why, and the Sydney date on which it goes on by itself, if one is set; that
  -- date's first instant is when its agreement is looked at, and the plan resumed.
  add column paused_at timestamptz,
  add column paused_because text,
  add column paused_until date,
  add column resumes_at timestamptz,
  add constraint plan_resumes_on_its_date check ((paused_until is null) = (resumes_at is null)),
  add constraint plan_pause_has_a_reason check (paused_until is null or paused_because is not null);

-- The circuit of last resort looks at the payments made lately. They come in the order of time, so this costs next to
-- nothing to keep. It is of an expression that only this look asks for: a statement about one plan must not find
-- everybody's payments of the day, however few the planner takes them for.
create index payment_by_day on payment
  using brin ((created_at at time zone 'UTC')) with (pages_per_range = 32);
