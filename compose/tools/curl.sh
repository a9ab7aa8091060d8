#!/bin/bash
# api PATH ARGUMENTS.. | registry PATH ARGUMENTS.. | connect PATH ARGUMENTS.. | bash -c SCRIPT
set -euo pipefail
ask=(curl --silent --show-error --fail-with-body --write-out '\n'
    --cacert /run/secrets/penstock/ca.crt)
case ${1-} in
    api)
        path=${2:?which path? For example: /v1/pipelines}
        shift 2
        exec "${ask[@]}" --config <(printf 'header = "Authorization: Bearer %s"\n' \
            "$(cat /run/secrets/penstock/token)") "$ADMIN_API_URL$path" "$@"
        ;;
    registry)
        path=${2:?which path? For example: /subjects}
        shift 2
        exec "${ask[@]}" "$REGISTRY_URL$path" "$@"
        ;;
    connect)
        path=${2:?which path? For example: /connectors}
        shift 2
        exec "${ask[@]}" "$CONNECT_URL$path" "$@"
        ;;
    *) exec "$@" ;;
esac
