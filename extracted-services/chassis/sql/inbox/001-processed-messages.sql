-- Which messages a consumer has acted on, so that a second delivery has no second effect.
CREATE TABLE IF NOT EXISTS processed_messages (
  consumer VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  processed_at DATETIME NOT NULL,
  PRIMARY KEY (consumer, message_id),
  KEY processed_messages_processed_at (processed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
