-- A table that is copied to several tables has a record for each, under both names.
ALTER TABLE backfill MODIFY COLUMN source_table VARCHAR(140) NOT NULL;
