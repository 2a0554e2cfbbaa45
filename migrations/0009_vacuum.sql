-- Rows that are leased change often, and each change leaves a dead entry in the small indexes by which due rows are
-- found. PostgreSQL clears those away once a fifth of a table has changed: of millions of instalments, far too late.
alter table agreement set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
alter table instalment set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
alter table payment set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
alter table webhook set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
alter table chore set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
