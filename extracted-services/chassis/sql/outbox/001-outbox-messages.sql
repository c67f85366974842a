-- Messages written in the transaction of what they tell of, until they have been published; then they are deleted.
CREATE TABLE IF NOT EXISTS outbox_messages (
  position BIGINT NOT NULL AUTO_INCREMENT,
  message_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_key VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  type VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  headers TEXT NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  written_at DATETIME(3) NOT NULL,
  PRIMARY KEY (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
