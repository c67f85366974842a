-- On what a cutover is taken back by itself, until it is taken back or the capability is retired.
CREATE TABLE IF NOT EXISTS rollback_alarm (
  capability VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  conditions TEXT         CHARACTER SET utf8mb4 NOT NULL,
  operator   VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL,
  at         DATETIME(6)  NOT NULL,
  PRIMARY KEY (capability)
) ENGINE=InnoDB;
