#!/usr/bin/env bash
# What `sql/migrate.sh` asks of clickhouse-client, over HTTP: the packages that servers of tests come
# from have no client. Address in CLICKHOUSE_URL, password in CLICKHOUSE_PASSWORD.
set -euo pipefail
user=default database=default format=TabSeparated statements=()

while (($# > 1)); do
    case $1 in
    --user) user=$2 ;;
    --database) database=$2 ;;
    --format) format=$2 ;;
    --query) statements+=("$2") ;;
    --queries-file)
        statement=
        while IFS= read -r line; do
            [[ $line != --* ]] || continue
            statement+=$line$'\n'
            if [[ $line == *\; ]]; then
                statements+=("${statement%;*}")
                statement=
            fi
        done <"$2"
        [[ -z ${statement//[[:space:]]/} ]] || statements+=("$statement")
        ;;
    *) echo "unknown option $1" >&2 && exit 1 ;;
    esac
    shift 2
done

for statement in "${statements[@]}"; do
    # The password by way of stdin: arguments can be read by others.
    if ! answer=$(printf 'header = "X-ClickHouse-Key: %s"\n' "$CLICKHOUSE_PASSWORD" |
        curl --config - --silent --show-error --fail-with-body --max-time 60 \
            --header "X-ClickHouse-User: $user" --data-binary "$statement" \
            "$CLICKHOUSE_URL/?database=$database&default_format=$format"); then
        printf '%s\n' "$answer" >&2
        exit 1
    fi
    [[ -z $answer ]] || printf '%s\n' "$answer"
done
