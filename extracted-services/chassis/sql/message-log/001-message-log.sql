-- A durable log: topics of numbered partitions, messages by offset, and how far each group has come in each partition.
CREATE TABLE IF NOT EXISTS log_partitions (
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partition_no INT NOT NULL,
  next_offset BIGINT NOT NULL,
  PRIMARY KEY (topic, partition_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS log_messages (
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partition_no INT NOT NULL,
  message_offset BIGINT NOT NULL,
  message_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_key VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  type VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  headers TEXT NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  published_at DATETIME(3) NOT NULL,
  PRIMARY KEY (topic, partition_no, message_offset),
  KEY log_messages_published_at (published_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS log_members (
  group_name VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  lease_until DATETIME(3) NOT NULL,
  PRIMARY KEY (group_name, member)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS log_positions (
  group_name VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partition_no INT NOT NULL,
  next_offset BIGINT NOT NULL,
  member CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  lease_until DATETIME(3) NULL,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (group_name, topic, partition_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
