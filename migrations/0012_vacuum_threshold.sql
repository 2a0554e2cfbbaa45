-- A small table is to be cleared as early as PostgreSQL would by itself, which is earlier than 0009 said.
alter table agreement reset (autovacuum_vacuum_threshold);
alter table instalment reset (autovacuum_vacuum_threshold);
alter table payment reset (autovacuum_vacuum_threshold);
alter table webhook reset (autovacuum_vacuum_threshold);
alter table chore reset (autovacuum_vacuum_threshold);
