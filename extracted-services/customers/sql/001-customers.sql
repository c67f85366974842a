-- Names compare byte by byte (utf8mb4_bin): a prefix search tells "Ann" from "ann" and "Än".
CREATE TABLE IF NOT EXISTS customers (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  email VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  phone VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  credit_limit DECIMAL(15,2) NOT NULL,
  status VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  vip BOOLEAN NOT NULL,
  opened_at DATETIME NOT NULL,
  reviewed_on DATE NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  KEY customers_name (name, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS customer_notes (
  id BIGINT NOT NULL AUTO_INCREMENT,
  customer_id BIGINT NOT NULL,
  text VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  written_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  KEY customer_notes_customer (customer_id, id),
  CONSTRAINT customer_notes_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
