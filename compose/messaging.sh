#!/usr/bin/env bash
# Run once by strangler-db when its data folder is new: the message log that the services share where there is no Kafka.
set -euo pipefail

sql() { mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" --execute="$1"; }

sql "CREATE DATABASE IF NOT EXISTS messaging CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
for owner in customers catalog orders; do
  name="${owner^^}_PASSWORD"
  sql "CREATE USER IF NOT EXISTS '$owner'@'%' IDENTIFIED BY '${!name}'"
  sql "GRANT ALL ON messaging.* TO '$owner'@'%'"
done
