-- Where each saga stands. `due_at` is its timer, null when it has ended or waits for an operator.
CREATE TABLE IF NOT EXISTS sagas (
  name VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  saga_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  step VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempt INT NOT NULL,
  data MEDIUMTEXT NOT NULL,
  reason TEXT NULL,
  error VARCHAR(1000) NULL,
  stuck_since DATETIME(3) NULL,
  step_deadline DATETIME(3) NOT NULL,
  deadline DATETIME(3) NOT NULL,
  due_at DATETIME(3) NULL,
  lease_until DATETIME(3) NULL,
  epoch BIGINT NOT NULL,
  traceparent VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NULL,
  started_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (name, saga_id),
  KEY sagas_due (due_at),
  KEY sagas_stuck (stuck_since),
  KEY sagas_updated (status, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What became of each step, for operators.
CREATE TABLE IF NOT EXISTS saga_log (
  position BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  saga_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  step VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail VARCHAR(1000) NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (position),
  KEY saga_log_of_saga (name, saga_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
