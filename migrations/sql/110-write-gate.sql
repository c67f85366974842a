-- Whether the gate's triggers let writes pass. A missing row means closed; a lower epoch never overrides a higher one.
CREATE TABLE IF NOT EXISTS write_gate (
  capability  VARCHAR(64) NOT NULL,
  schema_name VARCHAR(64) NOT NULL,
  epoch       BIGINT      NOT NULL,
  closed      BOOLEAN     NOT NULL,
  PRIMARY KEY (capability, schema_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
