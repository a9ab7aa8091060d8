#!/bin/bash
# Makes Kafka's users, topics and access control lists. Safe to repeat.
#
# Each tool call starts a Java of its own, which takes most of the time: two run at a time.
set -euo pipefail

readonly BIN=/opt/kafka/bin
readonly SECRETS=/run/secrets/penstock
readonly KAFKA=(--bootstrap-server kafka:9094 --command-config "$SECRETS/admin.properties")
# Kafka's own minimum is 4096, made for passwords that people choose; these are 32 random bytes.
readonly ITERATIONS=8192

user() {
    "$BIN/kafka-configs.sh" "${KAFKA[@]}" --alter --entity-type users --entity-name "$1" \
        --add-config "SCRAM-SHA-512=[iterations=$ITERATIONS,password=$2]" > /dev/null
    echo "user $1"
}

topic() {
    local name=$1 partitions=$2
    shift 2
    "$BIN/kafka-topics.sh" "${KAFKA[@]}" --create --if-not-exists --topic "$name" \
        --partitions "$partitions" "$@" > /dev/null
    echo "topic $name"
}

# may USER OPERATION,.. RESOURCE..
may() {
    local user=$1 operations=() operation
    for operation in ${2//,/ }; do operations+=(--operation "$operation"); done
    shift 2
    "$BIN/kafka-acls.sh" "${KAFKA[@]}" --add --allow-principal "User:$user" "${operations[@]}" \
        "$@" > /dev/null
    echo "$user may ${operations[*]//--operation/} $*"
}

readonly PREFIXED=(--resource-pattern-type prefixed)
sources=()
for prefix in ${SOURCE_TOPIC_PREFIXES//,/ }; do sources+=(--topic "$prefix"); done
readonly sources

users() {
    local name password
    while read -r name password; do user "$name" "$password"; done < "$SECRETS/users"
}

rights() {
    may producer Write --topic sales

    may sink Read,DescribeConfigs "${sources[@]}" "${PREFIXED[@]}"
    may sink Read --topic penstock.pipelines
    may sink Read,Write --topic penstock.status
    may sink Read,DescribeConfigs --topic penstock.replay. "${PREFIXED[@]}"
    may sink Write,DescribeConfigs --topic penstock.dead-letters. "${PREFIXED[@]}"
    may sink Read --group penstock. "${PREFIXED[@]}"

    may admin-api Read,DescribeConfigs "${sources[@]}" "${PREFIXED[@]}"
    may admin-api Create,Read,Write,DescribeConfigs,Delete --topic penstock. "${PREFIXED[@]}"
    may admin-api Write,Describe --transactional-id penstock. "${PREFIXED[@]}"
    may admin-api Read,Describe,Delete --group penstock. "${PREFIXED[@]}"

    may connect Read,Write,DescribeConfigs --topic connect- "${PREFIXED[@]}"
    may connect Read "${sources[@]}" "${PREFIXED[@]}"
    may connect Read --group connect- "${PREFIXED[@]}"

    may kafka-ui Describe --cluster
    may kafka-ui Read,DescribeConfigs --topic '*'
    may kafka-ui Describe --group '*'
    may kafka-exporter Describe --cluster
    may kafka-exporter Describe --topic '*' --group '*'
}

topics() {
    topic sales "$SALES_PARTITIONS"
}

# What the profile `connect` needs, made also without it: only this job may make topics.
# docs/connect.md says what each is for.
connect_topics() {
    local compacted=(--config cleanup.policy=compact)
    # The log of settings must be one sequence.
    topic connect-configs 1 "${compacted[@]}"
    # Kafka's 25 are for clusters with many source connectors.
    topic connect-offsets 5 "${compacted[@]}"
    topic connect-status 1 "${compacted[@]}"
    topic connect-dead-letters 1
    topic connect-smoke 1
}

topics
{ users; connect_topics; } &
rights &
wait %1
wait %2
echo "kafka is set up"
