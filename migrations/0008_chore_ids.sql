-- A chore's id follows from its name, so that it is the same in every database: what one seed decides must not
-- hang on an id by chance.
update chore set id = md5('chore ' || name)::uuid;
