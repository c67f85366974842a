#!/usr/bin/env bash
# A MariaDB of its own in ./database on the port given (3399), set up as docs/how-to/prepare-a-database.md says.
set -euo pipefail
port=${1:-3399}
folder=$PWD/database
if [ ! -d "$folder/data" ]; then
  mkdir -p "$folder"
  mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal \
    --skip-test-db > "$folder/install.log" 2>&1
fi
exec mariadbd --no-defaults --datadir="$folder/data" --port="$port" --socket="$folder/socket" \
  --bind-address=127.0.0.1 --pid-file="$folder/pid" --log-error="$folder/error.log" --user="$(id -un)" \
  --log-bin=binlog --binlog-format=ROW --binlog-row-image=FULL --binlog-row-metadata=FULL \
  --gtid-strict-mode=1 --log-bin-trust-function-creators=1 --server-id=1 \
  --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci
