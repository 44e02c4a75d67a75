#!/bin/sh
# The hosts of a farm as stekctl shows them: three stekd share a folder. What fleet says is so, rotate
# and revoke end when all hosts have followed, and a host that hangs is named, not waited for without
# end.
# shellcheck disable=SC2317 # check calls functions by name
set -u
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
json=$STEK_BUILD/tests/json

# on HOST ARGUMENTS...: stekctl there; `status` is the exit status.
on() {
    host=$1
    shift
    status=0
    "$STEK_BUILD/src/stekctl" -r "$tmp/$host" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    line="$host: stekctl $*: $status: $(cat "$tmp/out" "$tmp/err")"
}

succeeds() {
    on "$@"
    [ "$status" -eq 0 ] && [ ! -s "$tmp/err" ]
}

# fails TEXT HOST ARGUMENTS...: exit status 1, and that text on stderr.
fails() {
    text=$1
    shift
    on "$@"
    [ "$status" -eq 1 ] && grep -qF -- "$text" "$tmp/err"
}

says() {
    grep -q -- "$1" "$tmp/out"
}

# value PATH WANTED: of the JSON that was printed.
value() {
    line="$1: $("$json" "$1" <"$tmp/out" 2>&1)"
    [ "$("$json" "$1" <"$tmp/out")" = "$2" ]
}

# start_host NAME: stekd with the runtime folder $tmp/NAME; its id is in $tmp/NAME.pid.
start_host() {
    mkdir -p "$tmp/$1"
    cat >"$tmp/$1.conf" <<EOT
keyset "www" {
    rotate = 7d lifetime = 12h
    share "directory" { path = "$tmp/share" }
    farm = "$tmp/$1/www.farm"
}
EOT
    "$STEK_BUILD/src/stekd" -f -c "$tmp/$1.conf" -r "$tmp/$1" >>"$tmp/$1.log" 2>&1 &
    pids="$pids $!"
    echo "$!" >"$tmp/$1.pid"
    wait_for 60 "$STEK_BUILD/src/stekctl" -r "$tmp/$1" status || bail "stekd $1 does not answer"
}

mkdir "$tmp/share"
start_host a
check 'no farm yet: fleet says so' succeeds a fleet
check 'in a word' says '^keyset www: no farm'
check 'rotate has nobody to wait for' succeeds a rotate --json
check 'and tells of no hosts' value hosts null
begins() {
    on a farm init
    [ "$status" -eq 0 ]
}
check 'a farm begins' begins
for host in b c; do
    mkdir -p "$tmp/$host"
    cp -p "$tmp/a/www.farm" "$tmp/$host/www.farm"
    start_host "$host"
done

# three HOST: it sees all, with the same keys.
three() {
    succeeds "$1" fleet && says '^keyset www: 3 hosts, all hold the same [0-9]* keys*$'
}
for host in a b c; do
    check "$host sees three hosts with the same keys" wait_for 60 three "$host"
done
check 'each is live' test "$(grep -c ' live ' "$tmp/out")" -eq 3
check 'one is marked as this host' test "$(grep -c '(this host)' "$tmp/out")" -eq 1
check 'the engine is told' says '^directory: well'
check 'fleet --json is for programs' succeeds a fleet --json
check 'it tells of three' value farm.hosts 3
check 'none of which differs' value farm.differing 0
check 'status tells of the farm' succeeds a status
check 'in the same sentence' says ' farm  *3 hosts, all hold the same'

# ---- orders wait ----

check 'rotate waits for the others' succeeds a rotate
check 'and says that both have the key' says '^confirmed by 2 other hosts: '
key=$(sed -n 's/.*key \([0-9a-f]\{32\}\) seals.*/\1/p' "$tmp/out")
has_key() {
    on "$1" keys && says "^$key"
}
check 'b has it' has_key b
check 'c has it' has_key c
check 'revoke waits, too' succeeds b revoke --only "$key"
check 'and says that both have followed' says '^confirmed by 2 other hosts: '
is_revoked() {
    on "$1" keys && says "^$key  *revoked"
}
check 'a has it no more' is_revoked a
check 'c neither' is_revoked c
check 'rotate --json' succeeds c rotate --json
check 'names who has the key' value hosts.have_not '[]'

# ---- a host that hangs ----

id=$(grep -oE '^[0-9a-f]{16}' "$tmp/c/www.host")
kill -s STOP "$(cat "$tmp/c.pid")"
begun=$(date +%s)
check 'without waiting, rotate is done at once' succeeds a rotate --no-wait
check 'and tells of nobody' test "$(wc -l <"$tmp/out")" -eq 1
check 'it did not wait' test "$(($(date +%s) - begun))" -lt 20
"$STEK_BUILD/src/stekctl" -r "$tmp/a" rotate >"$tmp/interrupted" 2>"$tmp/interrupted.err" &
waiting=$!
pids="$pids $waiting"
check 'a rotation waits' wait_for 60 grep -q seals "$tmp/interrupted"
kill -s INT "$waiting"
interrupted() {
    wait "$waiting"
    line="$?: $(cat "$tmp/interrupted" "$tmp/interrupted.err")"
    grep -q "^not confirmed by .*$id" "$tmp/interrupted" && [ "${line%%:*}" = 1 ]
}
check 'an interrupt ends that, and says who has not confirmed' interrupted
check 'revoke --all waits no longer than it says, and fails' fails 'not confirmed' a revoke --wait 3 --all
# with more time than one host alone needs on a busy machine
one_has_not() {
    fails '1 host has not confirmed' a revoke --wait 3 --all
}
check 'if only one host is missing it says so' wait_for 60 one_has_not
check 'it names who has' says '^confirmed by 1 other host: '
check 'and who has not' says "^not confirmed by 1 other host: .*$id"
check 'fleet fails, too' fails 'keyset www: 3 hosts; ' a fleet
check 'and says who lacks what' says ' so far$\| since keys changed here$'
kill -s CONT "$(cat "$tmp/c.pid")"
check 'it comes back, and has followed' wait_for 60 three a
check 'on its own word, too' wait_for 60 three c

finish
