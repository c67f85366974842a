-- What the observer's triggers saw while `strangler writers` ran: one row per written row, emptied when it ends.
CREATE TABLE IF NOT EXISTS writer_sighting (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  capability VARCHAR(64)  NOT NULL,
  account    VARCHAR(128) NOT NULL,
  table_name VARCHAR(64)  NOT NULL,
  event      CHAR(6)      NOT NULL,
  -- names of the mapped columns that an update changed, joined by commas
  columns    TEXT         NOT NULL,
  KEY writer_sighting_capability (capability, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
