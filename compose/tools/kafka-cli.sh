#!/bin/bash
# kafka-NAME.sh ARGUMENTS.. against the stack's Kafka, as its administrator.
set -euo pipefail
tool=${1:?which tool? For example: kafka-topics.sh --list}
shift
exec "/opt/kafka/bin/$tool" --bootstrap-server kafka:9094 \
    --command-config "/run/secrets/penstock/${ADMIN_CONFIG:-admin.properties}" "$@"
