-- Orders that are not decided yet, and when they are given up. Their state itself is in the event store.
CREATE TABLE IF NOT EXISTS pending_orders (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  deadline DATETIME(3) NOT NULL,
  PRIMARY KEY (order_id),
  KEY pending_orders_deadline (deadline)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Credit that orders hold while customers can't reserve any: see README. A released one stays, so that a hold that comes
-- late is refused; `pending` is never committed.
CREATE TABLE IF NOT EXISTS credit_holds (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customer_id BIGINT NOT NULL,
  amount DECIMAL(15,2) NOT NULL,
  status VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (order_id),
  KEY credit_holds_customer (customer_id, status, amount),
  KEY credit_holds_ended (status, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What holds of one customer wait for each other at.
CREATE TABLE IF NOT EXISTS credit_hold_customers (
  customer_id BIGINT NOT NULL,
  PRIMARY KEY (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
