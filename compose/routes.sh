#!/bin/sh
# routes.sh FROM TO: strangler.yaml with the addresses that its upstreams have in this network. A file that is there stays:
# it holds the stages. The proxy writes it, hence its owner.
set -eu
[ -e "$2" ] && exit 0
sed -e 's#http://127\.0\.0\.1:9001#http://monolith:9001#' \
  -e 's#http://127\.0\.0\.1:9101#http://customers:9101#' \
  -e 's#http://127\.0\.0\.1:9201#http://acl:9201#' \
  -e 's#http://127\.0\.0\.1:9202#http://acl:9202#' \
  -e 's#http://127\.0\.0\.1:9301#http://orders:9301#' \
  -e 's#urls: \["http://127\.0\.0\.1:9401", "http://127\.0\.0\.1:9402"\]#url: "http://catalog:9401"#' \
  "$1" > "$2"
chown -R node "$(dirname "$2")"
