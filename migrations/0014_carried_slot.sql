-- A payment that is undecided when its window ends may come to be counted in the next one: it is carried over, and
-- holds a slot there as well until it has ended.
alter table window_slot add column is_carried boolean not null default false;
