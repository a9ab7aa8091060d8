#!/bin/bash
# clickhouse-client against the stack's ClickHouse, as CLICKHOUSE_USER.
set -euo pipefail
CLICKHOUSE_PASSWORD=$(cat "/run/secrets/penstock/$CLICKHOUSE_USER")
export CLICKHOUSE_PASSWORD
exec clickhouse-client --host "$CLICKHOUSE_HOST" --user "$CLICKHOUSE_USER" "$@"
