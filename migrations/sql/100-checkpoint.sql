-- One row for each stream into this server. `holder` and `epoch` fence off an applier that was replaced.
CREATE TABLE IF NOT EXISTS checkpoint (
  capability    VARCHAR(64) NOT NULL,
  direction     VARCHAR(10) NOT NULL,
  epoch         BIGINT      NOT NULL,
  holder        CHAR(36)    NOT NULL,
  connection_id BIGINT      NOT NULL,
  position      TEXT        NOT NULL,
  updated_at    DATETIME(6) NOT NULL,
  PRIMARY KEY (capability, direction)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
