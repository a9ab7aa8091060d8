#!/usr/bin/env bash
# Files NNNN_name.sql beside this script in, a database that each of them was applied to once out.
#
#   migrate.sh [OPTION OF clickhouse-client]...      such as --secure
#
#   CLICKHOUSE_HOST           server [localhost]
#   CLICKHOUSE_USER           account [default]
#   CLICKHOUSE_PASSWORD_FILE  file with the password; or the password itself in CLICKHOUSE_PASSWORD
#   MIGRATIONS_DATABASE       database, created where it is missing [shop]
#   MIGRATIONS_LOCK_S         age at which the lock of a run that was killed is broken [600]
#   MIGRATIONS_REPLICA        where the database has replicas: `first` makes its tables, replicated,
#                             `other` only takes part; needs Keeper [none]
#   SALES_TTL_DAYS            days that rows of sales and sales_connect stay, 0 = for ever [90]
set -euo pipefail
shopt -s nullglob

database=${MIGRATIONS_DATABASE:-shop}
lock_s=${MIGRATIONS_LOCK_S:-600}
ttl_days=${SALES_TTL_DAYS:-90}
replica=${MIGRATIONS_REPLICA:-none}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
options=()
[[ -z ${CLICKHOUSE_HOST:-} ]] || options+=(--host "$CLICKHOUSE_HOST")
[[ -z ${CLICKHOUSE_USER:-} ]] || options+=(--user "$CLICKHOUSE_USER")
options+=("$@")
locked=
broken=()

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

client() {
    # No input: the client would take it for rows.
    clickhouse-client "${options[@]}" "$@" </dev/null
}

# Answers to a question, one row a line, its columns between tabs.
ask() {
    client --database "$database" --format TabSeparated --query "$1"
}

check_settings() {
    local option
    for option in "${options[@]}"; do
        [[ $option != --password* ]] ||
            fail 'a password among the arguments can be read by every user of the machine: use CLICKHOUSE_PASSWORD_FILE'
    done
    [[ $database =~ ^[A-Za-z_][A-Za-z0-9_]{0,63}$ ]] ||
        fail 'MIGRATIONS_DATABASE must consist of letters, digits and underscores'
    [[ $lock_s =~ ^[1-9][0-9]{0,5}$ ]] || fail 'MIGRATIONS_LOCK_S must be a number of seconds from 1 to 999999'
    [[ $replica =~ ^(none|first|other)$ ]] || fail 'MIGRATIONS_REPLICA must be none, first or other'
    [[ $ttl_days =~ ^(0|[1-9][0-9]{0,3})$ ]] || fail 'SALES_TTL_DAYS must be a number of days from 0 to 9999'
    if [[ -n ${CLICKHOUSE_PASSWORD_FILE:-} ]]; then
        CLICKHOUSE_PASSWORD=$(<"$CLICKHOUSE_PASSWORD_FILE") || fail 'cannot read CLICKHOUSE_PASSWORD_FILE'
    fi
    export CLICKHOUSE_PASSWORD=${CLICKHOUSE_PASSWORD:-}
}

lock_holder() {
    ask "SELECT comment, dateDiff('second', metadata_modification_time, now())
        FROM system.tables WHERE database = '$database' AND name = 'migrations_lock'"
}

# Only one of several that create a table at the same time succeeds.
lock() {
    local me answer holder age told=
    me=$(</proc/sys/kernel/random/uuid)
    me=${me//-/}
    until answer=$(ask "CREATE TABLE migrations_lock (nothing UInt8) ENGINE = Null COMMENT '$me'" 2>&1); do
        [[ $answer == *TABLE_ALREADY_EXISTS* ]] || fail "$answer"
        read -r holder age < <(lock_holder) || continue # gone meanwhile
        if ((age >= lock_s)); then
            # Under the name of its holder, so that of several who find it old one alone breaks it.
            echo "breaking a lock that is $age s old" >&2
            ask "RENAME TABLE migrations_lock TO migrations_lock_$holder" &&
                broken+=("migrations_lock_$holder")
            continue
        fi
        [[ -n $told ]] || echo "waiting for another run, at most $((lock_s - age)) s" >&2
        told=1
        sleep 1
    done
    locked=$me
}

still_locked() {
    local holder age
    read -r holder age < <(lock_holder) && [[ $holder == "$locked" ]]
}

unlock() {
    local table
    if [[ -n $locked ]] && still_locked; then
        ask 'DROP TABLE IF EXISTS migrations_lock SYNC'
    fi
    for table in "${broken[@]}"; do
        ask "DROP TABLE IF EXISTS $table SYNC"
    done
}

# Checks the files against what was applied, and prints those that were not.
pending() {
    local applied=() path name version checksum known last=0000
    declare -A sums=() names=() seen=()
    mapfile -t applied < <(ask 'SELECT version, name, checksum FROM migrations ORDER BY version')
    wait $! || fail 'cannot read which migrations were applied'
    for known in "${applied[@]}"; do
        IFS=$'\t' read -r version name checksum <<<"$known"
        sums[$version]=$checksum
        names[$version]=$name
        last=$version
    done
    for path in "$folder"/[0-9]*.sql; do
        name=$(basename "$path" .sql)
        [[ $name =~ ^[0-9]{4}_[a-z0-9_]+$ ]] || fail "$name.sql: not a name like 0001_what_it_does.sql"
        version=${name%%_*}
        [[ -z ${seen[$version]:-} ]] || fail "$name and ${seen[$version]} have the same number"
        seen[$version]=$name
        if [[ -z ${sums[$version]:-} ]]; then
            ((10#$version > 10#$last)) || fail "$name comes before $last, which was applied: give it the next number"
            echo "$name"
            continue
        fi
        checksum=$(sha256sum <"$path")
        [[ ${sums[$version]} == "${checksum%% *}" ]] ||
            fail "$name was edited after it was applied: take that back and add a migration for the change"
    done
    for version in "${!sums[@]}"; do
        [[ -n ${seen[$version]:-} ]] || fail "${names[$version]} was applied and is not here: these files are older than the database"
    done
}

# Statements, with their tables replicated where the database is. Keeper has the place of each: a
# database of the engine Replicated gives it one, which is the same for all replicas.
replicated() {
    if [[ $replica == none ]]; then
        cat
    else
        sed -E 's/\b(ENGINE = )([A-Za-z]*MergeTree)\b/\1Replicated\2/'
    fi
}

apply() {
    local name=$1 checksum
    still_locked || fail 'another run broke the lock: raise MIGRATIONS_LOCK_S if this one is that slow'
    checksum=$(sha256sum <"$folder/$name.sql")
    client --database "$database" --queries-file <(replicated <"$folder/$name.sql") ||
        fail "$name failed: whatever it did before stays, and it is run again from its beginning"
    ask "INSERT INTO migrations (version, name, checksum) SETTINGS async_insert = 0
        VALUES ('${name%%_*}', '$name', '${checksum%% *}')"
    echo "applied $name"
}

# Lets rows of a table go some days after the time in a column.
keep_days() {
    local table=$1 column=$2 days
    # 0 where rows stay, nothing where somebody else's rule decides.
    days=$(ask "SELECT if(position(engine_full, ' TTL ') = 0, '0',
            extract(engine_full, ' TTL $column [+] toIntervalDay[(]([0-9]+)[)]( SETTINGS|\$)'))
        FROM system.tables WHERE database = '$database' AND name = '$table'")
    if [[ $days == "$ttl_days" ]]; then
        return
    elif ((ttl_days == 0)); then
        ask "ALTER TABLE $table REMOVE TTL"
        echo "$table: rows stay for ever"
    else
        ask "ALTER TABLE $table MODIFY TTL $column + toIntervalDay($ttl_days)"
        echo "$table: rows stay for $ttl_days days"
    fi
    changed=1
}

check_settings
trap unlock EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ $replica == none ]]; then
    client --query "CREATE DATABASE IF NOT EXISTS $database"
else
    client --query "CREATE DATABASE IF NOT EXISTS $database
        ENGINE = Replicated('/clickhouse/databases/$database', '{shard}', '{replica}')"
fi
if [[ $replica == other ]]; then
    echo 'takes part'
    exit
fi
lock
ask "$(replicated <<'END'
CREATE TABLE IF NOT EXISTS migrations
    (
        version String COMMENT 'Number in front of the name of the file',
        name String COMMENT 'Name of the file',
        checksum String COMMENT 'SHA-256 of the file',
        applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was done'
    )
    ENGINE = MergeTree
    ORDER BY version
    COMMENT 'Which files of sql/ this database was changed by'
END
)"
todo=$(pending)
changed=
for name in $todo; do
    apply "$name"
    changed=1
done
keep_days sales _timestamp
keep_days sales_connect ts
[[ -n $changed ]] || echo 'nothing to do'
