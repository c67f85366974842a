#!/usr/bin/env bash
# Run once by each database container when its data folder is new: the toolkit's accounts on this server.
# SCHEMAS names the schemas of this server that the toolkit reads and writes, besides its own.
set -euo pipefail

sql() { mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" --execute="$1"; }

for schema in $SCHEMAS strangler; do
  sql "CREATE DATABASE IF NOT EXISTS \`$schema\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
done
sql "CREATE USER IF NOT EXISTS 'strangler'@'%' IDENTIFIED BY '$STRANGLER_PASSWORD'"
sql "CREATE USER IF NOT EXISTS 'strangler_applier'@'%' IDENTIFIED BY '$APPLIER_PASSWORD'"
sql "GRANT REPLICATION SLAVE, BINLOG MONITOR, RELOAD, PROCESS, BINLOG REPLAY, CONNECTION ADMIN ON *.* TO 'strangler'@'%'"
sql "GRANT SELECT ON mysql.db TO 'strangler'@'%'"
sql "GRANT SELECT ON mysql.tables_priv TO 'strangler'@'%'"
sql "GRANT BINLOG REPLAY ON *.* TO 'strangler_applier'@'%'"
for schema in $SCHEMAS strangler; do
  sql "GRANT ALL ON \`$schema\`.* TO 'strangler'@'%' WITH GRANT OPTION"
  sql "GRANT SELECT, INSERT, UPDATE, DELETE ON \`$schema\`.* TO 'strangler_applier'@'%'"
done
