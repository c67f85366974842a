-- Rows written on the source's server to be seen at the other end of the stream.
CREATE TABLE IF NOT EXISTS `signal` (
  id         VARCHAR(64) NOT NULL PRIMARY KEY,
  side       VARCHAR(10) NOT NULL,
  capability VARCHAR(64) NOT NULL,
  kind       VARCHAR(10) NOT NULL,
  epoch      BIGINT      NOT NULL,
  at         DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
