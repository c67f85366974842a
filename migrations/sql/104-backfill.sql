-- How far each table's copy has come. `first_position` is where the stream must begin; `last_position` is the newest
-- snapshot rows were read from: between the two, replayed changes may be older than the rows they meet.
CREATE TABLE IF NOT EXISTS backfill (
  capability     VARCHAR(64) NOT NULL,
  direction      VARCHAR(10) NOT NULL,
  source_table   VARCHAR(64) NOT NULL,
  epoch          BIGINT      NOT NULL,
  holder         CHAR(36)    NOT NULL,
  last_key       TEXT        NULL,
  rows_done      BIGINT      NOT NULL,
  first_position TEXT        NOT NULL,
  last_position  TEXT        NOT NULL,
  finished_at    DATETIME(6) NULL,
  PRIMARY KEY (capability, direction, source_table)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
