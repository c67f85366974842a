-- Signals that came through the stream, written in the transaction that applied them. Heartbeats are not kept.
CREATE TABLE IF NOT EXISTS applied_signal (
  id         VARCHAR(64) NOT NULL,
  capability VARCHAR(64) NOT NULL,
  direction  VARCHAR(10) NOT NULL,
  kind       VARCHAR(10) NOT NULL,
  epoch      BIGINT      NOT NULL,
  applied_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id, capability, direction)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
