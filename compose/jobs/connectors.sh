#!/bin/bash
# PUTs /connectors/*.json, each under the name of its file, and waits until they run. Settings that
# are the same change nothing; connectors without a file are left alone.
#
# It asks the worker itself: the admin API lets only its administrators create connectors, and that
# token opens much more than this job may.
set -euo pipefail

# How often a connector is looked at, a second apart, until it must run.
readonly LOOKS_MAX=60
# How often in a row it must run, so that what ran before a change does not count.
readonly LOOKS=3

call() { curl --silent --show-error --fail-with-body --max-time 90 "$@"; }
fail() { printf 'connectors: %s\n' "$*" >&2; exit 1; }

# put NAME FILE
put() {
    local name=$1 file=/tmp/settings layers=("$2") there
    # what compose/tls.yaml changes of it
    if [ -f "/connectors-tls/$name.json" ]; then layers+=("/connectors-tls/$name.json"); fi
    jq --slurp add "${layers[@]}" > "$file"
    # Kafka Connect restarts a connector with every PUT, also of the same settings.
    there=$(call "$CONNECT_URL/connectors/$name/config" 2> /dev/null || true)
    if jq --exit-status --argjson there "${there:-null}" --arg name "$name" \
        '. + {name: $name} == $there' "$file" > /dev/null 2>&1; then
        return
    fi
    call --request PUT --header 'Content-Type: application/json' --data-binary "@$file" \
        "$CONNECT_URL/connectors/$name/config" > /tmp/answer \
        || fail "$name was refused: $(jq --raw-output '.message? // .' /tmp/answer)"
}

# The state of NAME: RUNNING only if it and all its tasks run.
state() {
    call "$CONNECT_URL/connectors/$1/status" > /tmp/status || { echo UNKNOWN; return; }
    jq --raw-output '[.connector.state, .tasks[].state]
        | if any(. == "FAILED") then "FAILED"
          elif length > 1 and all(. == "RUNNING") then "RUNNING"
          else .[0] // "UNKNOWN" end' /tmp/status
}

run() {
    local name=$1 running=0 look
    for ((look = 0; look < LOOKS_MAX; look++)); do
        case $(state "$name" 2> /dev/null) in
            FAILED)
                jq --raw-output '(.connector, .tasks[]) | select(.state == "FAILED") | .trace' \
                    /tmp/status >&2
                fail "$name failed, see above"
                ;;
            RUNNING) running=$((running + 1)) ;;
            *) running=0 ;;
        esac
        [ "$running" -ge "$LOOKS" ] && return
        sleep 1
    done
    fail "$name does not run after $LOOKS_MAX s: $(jq --compact-output . /tmp/status)"
}

call "$CONNECT_URL/connector-plugins" > /tmp/plugins
for file in /connectors/*.json; do
    name=$(basename "$file" .json)
    class=$(jq --exit-status --raw-output '."connector.class"' "$file") || fail "$name has no class"
    if ! jq --exit-status --arg class "$class" 'any(.class == $class)' /tmp/plugins > /dev/null; then
        echo "connector $name is LEFT OUT: this image was built without $class"
        continue
    fi
    put "$name" "$file"
    run "$name"
    echo "connector $name runs"
done
