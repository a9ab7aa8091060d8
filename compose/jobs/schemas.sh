#!/bin/bash
# Registers /schemas/*.avsc as the subjects FILE-value. The same schema again changes nothing.
set -euo pipefail

call() {
    curl --silent --show-error --fail-with-body --max-time 30 --cacert /run/secrets/penstock/ca.crt \
        --header 'Content-Type: application/vnd.schemaregistry.v1+json' "$@" || {
        echo "schemas: the registry refused: $*" >&2
        return 1
    }
}

for file in /schemas/*.avsc; do
    subject=$(basename "$file" .avsc)-value
    id=$(jq '{schema: tojson}' "$file" \
        | call --data-binary @- "$REGISTRY_URL/subjects/$subject/versions" | jq .id)
    call --request PUT --data "{\"compatibility\": \"$COMPATIBILITY\"}" \
        "$REGISTRY_URL/config/$subject" > /dev/null
    echo "subject $subject has schema id $id, compatibility $COMPATIBILITY"
done
