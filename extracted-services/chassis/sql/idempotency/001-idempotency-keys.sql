-- What a request with an Idempotency-Key was answered. Byte-wise keys: "a" and "A" are two.
CREATE TABLE IF NOT EXISTS idempotency_keys (
  idempotency_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  answer MEDIUMTEXT NULL,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (idempotency_key),
  KEY idempotency_keys_created_at (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
