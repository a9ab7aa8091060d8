#!/bin/bash
# Makes Kafka's topics, users and access control lists. Safe to repeat.
#
# Each call of a tool starts a Java of its own, which takes most of the time. So two run at once,
# and once users and rights are as this file wants them a note in Kafka says so: then a repetition
# takes seconds. The note is a quota for a client that does not exist; it goes with Kafka's data.
# After changing rights by hand, SETUP_AGAIN=1 makes them anew.
set -euo pipefail

readonly BIN=/opt/kafka/bin
readonly SECRETS=/run/secrets/penstock
readonly KAFKA=(--bootstrap-server kafka:9094 --command-config "$SECRETS/${ADMIN_CONFIG:-admin.properties}")
# Kafka's own minimum is 4096, made for passwords that people choose; these are 32 random bytes.
readonly ITERATIONS=8192

sources=()
for prefix in ${SOURCE_TOPIC_PREFIXES//,/ }; do sources+=(--topic "$prefix"); done
readonly sources
readonly PREFIXED=(--resource-pattern-type prefixed)

# --- topics ------------------------------------------------------------------------------------

topics() {
    local there compacted=(--config cleanup.policy=compact)
    there=$("$BIN/kafka-topics.sh" "${KAFKA[@]}" --list)
    topic sales "$SALES_PARTITIONS"
    # For the profile `connect`, made also without it: only this job may make topics.
    # docs/connect.md says what each is for.
    topic connect-configs 1 "${compacted[@]}" # one sequence
    topic connect-offsets 5 "${compacted[@]}" # Kafka's 25 are for many source connectors
    topic connect-status 1 "${compacted[@]}"
    topic connect-dead-letters 1
    topic connect-smoke 1
}

# topic NAME PARTITIONS OPTION..: reads `there`
topic() {
    local name=$1 partitions=$2
    shift 2
    if grep -qxF "$name" <<< "$there"; then return; fi
    "$BIN/kafka-topics.sh" "${KAFKA[@]}" --create --if-not-exists --topic "$name" \
        --partitions "$partitions" "$@" > /dev/null
    echo "topic $name"
}

# --- users and rights --------------------------------------------------------------------------

users() {
    local name password
    while read -r name password; do
        "$BIN/kafka-configs.sh" "${KAFKA[@]}" --alter --entity-type users --entity-name "$name" \
            --add-config "SCRAM-SHA-512=[iterations=$ITERATIONS,password=$password]" > /dev/null
        echo "user $name"
    done < "$SECRETS/users"
}

rights() {
    may producer Write --topic sales

    may sink,admin-api Read,DescribeConfigs "${sources[@]}" "${PREFIXED[@]}"
    may sink,admin-api Read --group penstock. --topic penstock.replay. "${PREFIXED[@]}"
    may sink Read,DescribeConfigs --topic penstock.pipelines --topic penstock.status
    may sink Write --topic penstock.status
    may sink Write,DescribeConfigs --topic penstock.dead-letters. "${PREFIXED[@]}"

    may admin-api Create,Read,Write,DescribeConfigs,Delete --topic penstock. "${PREFIXED[@]}"
    may admin-api Describe,Delete --group penstock. "${PREFIXED[@]}"
    may admin-api Write,Describe --transactional-id penstock. "${PREFIXED[@]}"

    may connect Read "${sources[@]}" --group connect- "${PREFIXED[@]}"
    may connect Read,Write,DescribeConfigs --topic connect- "${PREFIXED[@]}"

    may kafka-ui,kafka-exporter Describe --cluster --topic '*' --group '*'
    may kafka-ui Read,DescribeConfigs --topic '*'
}

# may USER,.. OPERATION,.. RESOURCE..
may() {
    local users=$1 operations=$2 who=() what=() name
    for name in ${users//,/ }; do who+=(--allow-principal "User:$name"); done
    for name in ${operations//,/ }; do what+=(--operation "$name"); done
    shift 2
    "$BIN/kafka-acls.sh" "${KAFKA[@]}" --add "${who[@]}" "${what[@]}" "$@" > /dev/null
    echo "$users may $operations: $*"
}

# --- the note ----------------------------------------------------------------------------------

note=setup-$({ cat "${BASH_SOURCE[0]}" "$SECRETS/users"; echo "${sources[*]}"; } | sha256sum | cut -c 1-32)
readonly note

noted() {
    [ -z "${SETUP_AGAIN:-}" ] \
        && "$BIN/kafka-configs.sh" "${KAFKA[@]}" --describe --entity-type clients | grep -qF "'$note'"
}

# -----------------------------------------------------------------------------------------------

topics &
if noted; then
    echo "users and rights are as they should be"
else
    users &
    rights
    wait %2
    "$BIN/kafka-configs.sh" "${KAFKA[@]}" --alter --entity-type clients --entity-name "$note" \
        --add-config consumer_byte_rate=1048576 > /dev/null
fi
wait %1
echo "kafka is set up"
