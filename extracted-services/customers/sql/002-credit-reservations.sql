-- How much of a customer's credit each order holds, or that it may hold none any more. No foreign key: a refusal for a
-- customer that does not exist is remembered too. `pending` is never committed.
CREATE TABLE IF NOT EXISTS credit_reservations (
  order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customer_id BIGINT NOT NULL,
  amount DECIMAL(15,2) NOT NULL,
  status VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refusal TEXT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (order_id),
  KEY credit_reservations_customer (customer_id, status, amount),
  KEY credit_reservations_ended (status, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
