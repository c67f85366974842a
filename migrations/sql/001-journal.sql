-- The durable record of what the engine did. One control schema; its server's clock is the only one that decides.

CREATE TABLE IF NOT EXISTS capability_state (
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner      VARCHAR(10)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch      BIGINT UNSIGNED NOT NULL,
  -- the highest epoch that any run was given: a reverted run's epoch is never used again
  epoch_seen BIGINT UNSIGNED NOT NULL,
  -- planned, copying, syncing, switching, switched, irreversible
  phase      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- the cutover or rollback in progress, null when there is none
  run        CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NULL,
  changed_at DATETIME(6)  NOT NULL,
  PRIMARY KEY (capability)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS journal (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  capability   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  run          CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verb         VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  moment       VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phase_before VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phase_after  VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch        BIGINT UNSIGNED NOT NULL,
  operator     VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  at           DATETIME(6)  NOT NULL,
  details      LONGTEXT     CHARACTER SET utf8mb4 NOT NULL,
  PRIMARY KEY (id),
  KEY journal_run (capability, run, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS lease (
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  holder     VARCHAR(160) CHARACTER SET utf8mb4 NOT NULL,
  token      BIGINT UNSIGNED NOT NULL,
  since      DATETIME(6)  NOT NULL,
  until      DATETIME(6)  NOT NULL,
  PRIMARY KEY (capability)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS verification (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at         DATETIME(6)  NOT NULL,
  ok         BOOLEAN      NOT NULL,
  row_count  BIGINT UNSIGNED NOT NULL,
  diverged   BIGINT UNSIGNED NOT NULL,
  details    LONGTEXT     CHARACTER SET utf8mb4 NOT NULL,
  PRIMARY KEY (id),
  KEY verification_capability (capability, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS drill_result (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at         DATETIME(6)  NOT NULL,
  ok         BOOLEAN      NOT NULL,
  result     LONGTEXT     CHARACTER SET utf8mb4 NOT NULL,
  PRIMARY KEY (id),
  KEY drill_result_capability (capability, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS audit (
  seq        BIGINT UNSIGNED NOT NULL,
  at         CHAR(24)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  operator   VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  verb       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason     VARCHAR(500) CHARACTER SET utf8mb4 NOT NULL,
  details    LONGTEXT     CHARACTER SET utf8mb4 NOT NULL,
  previous   CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hash       CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (seq)
) ENGINE=InnoDB;

-- The end of the chain, kept apart: an entry cut off the tail shows, and appends queue on its row.
CREATE TABLE IF NOT EXISTS audit_head (
  id   TINYINT UNSIGNED NOT NULL,
  seq  BIGINT UNSIGNED NOT NULL,
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

INSERT IGNORE INTO audit_head (id, seq, hash) VALUES (1, 0, REPEAT('0', 64));
