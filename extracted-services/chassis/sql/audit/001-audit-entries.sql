-- Who changed what, from what to what, and in which trace. Rows are only ever added.
CREATE TABLE IF NOT EXISTS audit_entries (
  subject VARCHAR(80) NOT NULL,
  entry_no INT NOT NULL,
  action VARCHAR(60) NOT NULL,
  actor VARCHAR(120) NOT NULL,
  traceparent VARCHAR(55) NULL,
  changes LONGTEXT NOT NULL,
  recorded_at DATETIME(3) NOT NULL,
  hash CHAR(64) NOT NULL,
  PRIMARY KEY (subject, entry_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
