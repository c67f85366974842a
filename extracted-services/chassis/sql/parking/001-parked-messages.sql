-- Keys that are blocked because one of their messages could not be handled; `due_at` is null while an operator is needed.
CREATE TABLE IF NOT EXISTS parked_keys (
  consumer VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_key VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  due_at DATETIME(3) NULL,
  lease_until DATETIME(3) NULL,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (consumer, topic, message_key),
  KEY parked_keys_due (consumer, due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Their messages in order, with where each was in the broker. One with `dead_at` is a dead letter.
CREATE TABLE IF NOT EXISTS parked_messages (
  position BIGINT NOT NULL AUTO_INCREMENT,
  consumer VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_key VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  type VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  headers TEXT NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  partition_no INT NOT NULL,
  message_offset BIGINT NOT NULL,
  attempts INT NOT NULL,
  error VARCHAR(1000) NULL,
  parked_at DATETIME(3) NOT NULL,
  dead_at DATETIME(3) NULL,
  PRIMARY KEY (position),
  UNIQUE KEY parked_messages_once (consumer, message_id),
  KEY parked_messages_of_key (consumer, topic, message_key, position),
  KEY parked_messages_dead (consumer, dead_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
