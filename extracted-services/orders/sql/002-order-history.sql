-- What the history was told, in the order in which it was told: it can be rebuilt from this at any time.
CREATE TABLE IF NOT EXISTS history_inputs (
  position BIGINT NOT NULL AUTO_INCREMENT,
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  PRIMARY KEY (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Two tables of one form: one is read, the other one is the shadow that a rebuild fills.
CREATE TABLE IF NOT EXISTS order_history_a (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL,
  customer_id BIGINT NULL,
  status VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NULL,
  reason VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NULL,
  line_items TEXT NULL,
  total DECIMAL(15,2) NULL,
  credit VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
  stock VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
  placed_at DATETIME(3) NULL,
  PRIMARY KEY (order_id),
  KEY order_history_customer (customer_id, placed_at, order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS order_history_b LIKE order_history_a;

-- Which of the two is read. Whoever adds to the history holds a shared lock on the row, a rebuild the exclusive one.
CREATE TABLE IF NOT EXISTS history_control (
  id INT NOT NULL,
  live CHAR(1) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rebuilt_at DATETIME(3) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT IGNORE INTO history_control (id, live, rebuilt_at) VALUES (1, 'a', NULL);
