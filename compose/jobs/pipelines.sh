#!/bin/bash
# PUTs /pipelines/*.yaml, then says where the page is. The same document again changes nothing.
set -euo pipefail

token=$(cat /run/secrets/penstock/token)
readonly token

put() {
    # the token goes through a file descriptor: a command line is for everyone to read
    curl --silent --show-error --fail-with-body --max-time 60 --cacert /run/secrets/penstock/ca.crt \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$token") \
        --header 'Content-Type: application/yaml' --request PUT --data-binary "@$1" \
        "$ADMIN_API_URL/v1/pipelines/$2"
}

for file in /pipelines/*.yaml; do
    name=$(basename "$file" .yaml)
    put "$file" "$name" > /tmp/answer || {
        echo "pipelines: $name was refused:" >&2
        cat /tmp/answer >&2
        exit 1
    }
    echo "pipeline $name is there"
done

cat <<END

  Penstock is up.
  Page    $PAGE_URL
  Token   compose/secrets.sh show token-admin

END
