-- What happened to each aggregate, numbered from 1 within its stream. Rows are added and never changed.
CREATE TABLE IF NOT EXISTS events (
  stream VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL,
  event_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  schema_version INT NOT NULL,
  data MEDIUMTEXT NOT NULL,
  actor VARCHAR(200) NOT NULL,
  traceparent VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NULL,
  recorded_at DATETIME(3) NOT NULL,
  PRIMARY KEY (stream, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The state after a version, to spare reading what came before. It can be removed at any time.
CREATE TABLE IF NOT EXISTS snapshots (
  stream VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL,
  schema_version INT NOT NULL,
  state MEDIUMTEXT NOT NULL,
  taken_at DATETIME(3) NOT NULL,
  PRIMARY KEY (stream)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
