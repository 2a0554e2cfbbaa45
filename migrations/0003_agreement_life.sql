-- The whole life of an agreement: how often it was sent, whose terms it holds, what the payer's bank calls the
-- payer, what the payer changed, and how it is ended. And each event of a provider is digested once.

alter table agreement
  -- When its creation was sent, each time: the provider counts six in 24 hours for one account.
  add column sent_at timestamptz[] not null default '{}',
  -- Whose terms these are: the lender's own, or chosen by us and so ours to choose again. A row that an older
  -- binary writes does not say; taken for the lender's own, it is never changed without a person.
  add column terms_from text not null default 'given',
  -- The rule its proposal waits for, while it waits.
  add column waiting_because text,
  -- Whether the name behind the payer's PayID is the customer's; the name itself is sealed.
  add column payer_match text,
  add column payer_alias_name_sealed bytea,
  -- The account it is collected from by the provider's last word, where that is not the customer's; and when the
  -- payer last moved it.
  add column debtor_account_kind text,
  add column debtor_account_sealed bytea,
  add column amended_at timestamptz,
  -- Its cancellation: wanted, asked for at the provider (the row says so first), refused.
  add column cancel_reason text,
  add column cancel_wanted_at timestamptz,
  add column cancel_sent_at timestamptz,
  add column cancel_failed_at timestamptz,
  add column cancel_tries integer not null default 0;

update agreement
set terms_from = case when chosen_because like 'Given by the lender%' then 'given' else 'proposed' end,
    sent_at = case when last_sent_at is null then '{}' else array[last_sent_at] end;

alter table agreement
  add constraint agreement_terms_from_known check (terms_from in ('given', 'proposed')),
  add constraint agreement_payer_match_known check (payer_match in ('same', 'close', 'different')),
  add constraint agreement_account_kind_known check (debtor_account_kind in (
    'bban', 'alias_phone', 'alias_email', 'alias_abn', 'alias_organisation_identifier')),
  add constraint agreement_cancel_reason_is_a_word check (cancel_reason ~ '^[a-z_]{1,64}$'),
  add constraint agreement_cancel_is_wanted_first check (
    cancel_wanted_at is not null or (cancel_sent_at is null and cancel_reason is null)),
  -- Never forgotten: an agreement that is to be cancelled is looked at again until it has ended.
  add constraint agreement_cancel_is_awake check (
    cancel_wanted_at is null
    or state in ('declined', 'expired', 'cancelled', 'failed')
    or wake_at is not null);

-- The agreements of one payer's account are counted over all customers that have it. Built at once and not
-- concurrently: a process that waits for its turn to migrate would keep a concurrent build waiting for ever.
create index customer_of_account on customer (account_fingerprint);

-- One row is one event of a provider that a webhook told of: the first webhook that did digests it. Another
-- delivery of the same event, under another request id, is kept as it came and not digested again.
-- `event_key` is a digest of the event's id and its object's uid, both as the sender wrote them.
create table webhook_event (
  provider text not null,
  event_key bytea not null,
  webhook_id uuid not null references webhook (id),
  constraint webhook_event_once primary key (provider, event_key)
);
