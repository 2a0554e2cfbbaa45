-- The journal is the record of what was done and why: a line that stands in it stays, whoever is connected.
create function journal_stays() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only'
    using errcode = 'restrict_violation', constraint = 'journal_stays';
end
$$;
create trigger journal_stays before update or delete or truncate on journal
  for each statement execute function journal_stays();
