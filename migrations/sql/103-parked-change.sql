-- Changes that could not be mapped or applied; the stream stands still before each unresolved one.
CREATE TABLE IF NOT EXISTS parked_change (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  capability    VARCHAR(64)  NOT NULL,
  direction     VARCHAR(10)  NOT NULL,
  gtid          VARCHAR(48)  NOT NULL,
  change_order  INT          NOT NULL,
  source_schema VARCHAR(64)  NOT NULL,
  source_table  VARCHAR(64)  NOT NULL,
  payload       LONGTEXT     NOT NULL,
  code          VARCHAR(64)  NOT NULL,
  message       TEXT         NOT NULL,
  attempts      INT          NOT NULL,
  parked_at     DATETIME(6)  NOT NULL,
  resolved_at   DATETIME(6)  NULL,
  UNIQUE KEY one_row_per_change (capability, direction, gtid, change_order)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
