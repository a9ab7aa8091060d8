#!/usr/bin/env bash
# The secrets of the stack: shows one on this terminal, or replaces some.
#
#   compose/secrets.sh list
#   compose/secrets.sh show token-admin
#   compose/secrets.sh rotate clickhouse-sink kafka-sink
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

secrets() { docker compose run --rm --no-deps -T secrets /usr/local/lib/penstock/secrets "$@"; }

case ${1-} in
    list | show) secrets "$@" ;;
    *)
        sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
        exit 64
        ;;
esac
