-- Who lost DROP while a fence stands, so that lowering it gives back exactly that.
CREATE TABLE IF NOT EXISTS revoked_drop (
  capability    VARCHAR(64)  NOT NULL,
  schema_name   VARCHAR(64)  NOT NULL,
  table_name    VARCHAR(64)  NOT NULL,
  grantee_user  VARCHAR(128) NOT NULL,
  grantee_host  VARCHAR(255) NOT NULL,
  revoked_at    DATETIME(6)  NOT NULL,
  PRIMARY KEY (capability, schema_name, table_name, grantee_user, grantee_host)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
