-- Stock stands apart from the products: orders change it, the catalog's owner changes the rest, and either can move
-- to another side by itself. For the same reason no foreign key ties the two together.
CREATE TABLE IF NOT EXISTS products (
  sku VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  price DECIMAL(15,2) NOT NULL,
  active BOOLEAN NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (sku)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS stock (
  sku VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  quantity INT NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (sku)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per order that has asked for stock or given it back; `pending` is never committed.
CREATE TABLE IF NOT EXISTS reservations (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shortages TEXT NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (order_id),
  KEY reservations_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS reservation_lines (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sku VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  quantity INT NOT NULL,
  PRIMARY KEY (order_id, sku),
  CONSTRAINT reservation_lines_order FOREIGN KEY (order_id) REFERENCES reservations (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
