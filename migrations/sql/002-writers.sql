-- Who was found to write a capability's tables, by each run of `strangler writers`.
CREATE TABLE IF NOT EXISTS writers_found (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  capability VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at         DATETIME(6) NOT NULL,
  result     LONGTEXT    CHARACTER SET utf8mb4 NOT NULL,
  PRIMARY KEY (id),
  KEY writers_found_capability (capability, id)
) ENGINE=InnoDB;
