#!/usr/bin/env bash
# The secrets of the stack.
#
#   compose/secrets.sh list                  their names
#   compose/secrets.sh show NAME             prints one on this terminal, and nowhere else
#   compose/secrets.sh rotate NAME..         makes these anew and restarts who holds them;
#                                            `ca` stands for the authority and all certificates
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

secrets() { docker compose run --rm --no-deps -T secrets /usr/local/lib/penstock/secrets "$@"; }

# holders NAME: the services that read it when they start.
holders() {
    case $1 in
        kafka-broker | kafka-admin) echo kafka ;;
        kafka-sink) echo sink sink-chaos ;;
        kafka-*) echo "${1#kafka-}" ;;
        clickhouse-schema) echo sink sink-chaos admin-api ;;
        clickhouse-reader) echo admin-api grafana ;;
        clickhouse-sink) echo sink sink-chaos ;;
        clickhouse-connect) echo connect ;;
        ca) echo kafka registry clickhouse admin-api sink sink-chaos producer connect grafana kafka-exporter kafka-ui ;;
        # The admin API reads its tokens again by itself, nobody holds the migrator's password, and
        # Grafana keeps its own copy of its administrator's.
        token-* | clickhouse-* | grafana-admin) ;;
    esac
}

# restart SERVICE..: those of them that run.
restart() {
    local running service chosen=()
    running=$(docker compose ps --services --status running)
    for service; do
        if grep -qxF "$service" <<< "$running"; then chosen+=("$service"); fi
    done
    if [ ${#chosen[@]} -gt 0 ]; then docker compose restart "${chosen[@]}"; fi
}

# Grafana takes its administrator's password from the file on its first start only.
tell_grafana() {
    if docker compose ps --services --status running | grep -qxF grafana; then
        secrets show grafana-admin \
            | docker compose exec -T grafana grafana cli admin reset-admin-password --password-from-stdin
    fi
}

rotate() {
    local name holding=() wanted=" $* "
    secrets rotate "$@"
    for name; do
        # Names of services have no spaces.
        # shellcheck disable=SC2207
        holding+=($(holders "$name"))
    done
    # Servers learn the new passwords before their clients use them.
    case $wanted in *" clickhouse-"*) restart clickhouse ;; esac
    case $wanted in *" kafka-broker "* | *" kafka-admin "* | *" ca "*) restart kafka ;; esac
    case $wanted in *" kafka-"*) docker compose run --rm -T kafka-setup ;; esac
    case $wanted in *" grafana-admin "*) tell_grafana ;; esac
    mapfile -t holding < <(printf '%s\n' "${holding[@]}" | grep -vxF kafka | sort -u)
    restart "${holding[@]}"
}

case ${1-} in
    list | show) secrets "$@" ;;
    rotate)
        shift
        rotate "$@"
        ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
        exit 64
        ;;
esac
