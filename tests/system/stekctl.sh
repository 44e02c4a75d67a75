#!/bin/sh
# Every command of stekctl against a real stekd: what it shows is what is so, what it orders is done
# when it returns, --json is JSON, and each error is a sentence and the right exit status.
# shellcheck disable=SC2016,SC2317 # eval has the last word on quotes; check calls functions by name
# shellcheck disable=SC2119
set -u
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
json=$STEK_BUILD/tests/json

# ask ARGUMENTS...: `status` is the exit status; what was printed is in $tmp/out and $tmp/err.
ask() {
    status=0
    stekctl "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    line="stekctl $*: $status: $(cat "$tmp/out" "$tmp/err")"
}

# succeeds ARGUMENTS...: exit status 0, and no word of error.
succeeds() {
    ask "$@"
    [ "$status" -eq 0 ] && [ ! -s "$tmp/err" ]
}

# fails STATUS TEXT ARGUMENTS...: that exit status, that text on stderr, nothing on stdout.
fails() {
    wanted=$1
    text=$2
    shift 2
    ask "$@"
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$tmp/err" && [ ! -s "$tmp/out" ]
}

says() {
    grep -q -- "$1" "$tmp/out"
}

# value PATH: a member of the JSON that was printed.
value() {
    "$json" "$1" <"$tmp/out"
}

is_json() {
    "$json" <"$tmp/out"
}

# state_of NAME [KEYSET]: what a key is for now, from stekctl keys.
state_of() {
    stekctl -k "${2:-www}" keys | sed -n "s/^$1  *\([a-z]*\).*/\1/p"
}

key_in_state() {
    stekctl -k "${2:-www}" keys | sed -n "s/^\([0-9a-f]*\)  *$1 .*/\1/p" | head -n 1
}

equal() {
    line="$1 and $2"
    [ "$1" = "$2" ]
}

# ---- no daemon ----

mkdir -p "$run"
check 'no daemon: status says so' fails 1 'is it running' status
check 'no daemon: keys says so' fails 1 'is it running' keys
check 'no daemon: rotate says so' fails 1 'is it running' rotate
check 'no daemon: revoke says so' fails 1 'is it running' revoke --all
check 'no daemon: metrics says so' fails 1 'is it running' metrics
check 'no daemon: watch does not wait' fails 1 'is it running' watch
check 'a run directory whose path is too long' \
    fails 1 'longer than' -r "/tmp/$(printf '%0120d' 0)" status

# ---- wrong usage ----

check 'no command' fails 2 'a command is missing'
check 'no such command' fails 2 'there is no command "frob"' frob
check 'a command that was mistyped' fails 2 'Did you mean "revoke"?' revok
check 'an option that was mistyped' fails 2 'Did you mean --json?' status --jsno
check 'help for what was mistyped' fails 2 'Did you mean "status"?' help statsu
check 'wrong usage leads to the help of the command' fails 2 'stekctl help keys' keys --all
check 'no such option' fails 2 'there is no such option' --frob status
check 'an option without its argument' fails 2 'an argument is missing' status -k
check 'an option of another command' fails 2 'status takes no --all' status --all
check 'an argument too many' fails 2 'status takes no argument' status x
check 'no keyset could have that name' fails 2 'cannot name a keyset' -k 'A/b' keys
check 'revoke what?' fails 2 'revoke takes either' revoke
check 'revoke all, or some?' fails 2 'revoke takes either' revoke --all abcd
check 'all alone are no others' fails 2 'revoke takes either' revoke --all --only
check 'watch too often' fails 2 '1 to 3600' watch -i 0
check 'help for no such command' fails 2 'there is no command "frob"' help frob

# ---- without a daemon ----

check 'help' succeeds help
check 'help lists the commands' says '^  revoke '
check 'help of a command' succeeds help revoke
check 'help of a command has examples' says '^  stekctl revoke --all '
check 'help of a command tells its options' says '--only'
check '--help behind a command is the same' succeeds revoke --help
check 'version' succeeds version
check 'version --json is JSON' eval 'succeeds version --json && is_json && succeeds version'
check 'version tells a number' says '^stekctl [0-9]*\.[0-9]*\.[0-9]*$'

full_disk() {
    stekctl version >/dev/full 2>"$tmp/err"
    [ "$?" -eq 1 ] && grep -q 'cannot write' "$tmp/err"
}
check 'output that cannot be written is a failure' full_disk

# ---- one keyset ----

# so long that no key takes over by time alone while the test runs
cat >"$tmp/stekd.conf" <<'CONF'
keyset "www" { rotate = 30d  lifetime = 12h  patience = 15m }
CONF
start_stekd

check 'status' succeeds status
check 'status shows the policy' says 'rotate 30d, lifetime 12h, patience 15m'
check 'status shows the key that seals' says "sealing  *$(sealing_key | cut -c 1-8) since"
check 'status knows that no server is there' says 'no server has opened the ring'
check 'no colour where there is no terminal' eval '! says "$(printf "\033")"'
check 'status --json' succeeds --json status
check 'status --json is JSON' is_json
check 'status --json tells the keyset' eval '[ "$(value keysets.0.name)" = www ]'

check 'keys' succeeds keys
check 'keys shows the sealing key in full' eval '[ "$(state_of "$(sealing_key)")" = sealing ]'
check 'keys --json' succeeds --json keys
check 'keys --json is JSON' is_json
names=$(stekctl keys | sed -n 's/^\([0-9a-f]\{32\}\) .*/\1/p')
check 'keys --json lists the same keys, newest first' \
    equal "$(echo "$names" | head -n 1)" "$(stekctl keys --json | "$json" keys.0.name)"
check 'no such keyset' fails 1 'no keyset' -k nobody keys
check 'no such keyset, for status' fails 1 'there is no keyset "nobody": stekd keeps www' \
    -k nobody status

# ---- metrics ----

check 'metrics' succeeds metrics
check 'metrics has the type of each' says '^# TYPE stek_tickets_sealed_total counter$'
check 'metrics has samples of each keyset' says '^stek_keyset_sealing{keyset="www"} 1$'
check 'metrics takes no --json' fails 2 'metrics takes no --json' --json metrics

# ---- timeline ----

check 'timeline' succeeds timeline
check 'timeline draws the key that seals' \
    eval 'LC_ALL=C succeeds timeline && says "^$(sealing_key | cut -c 1-8) sealing .*#"'
check 'timeline in UTF-8, where the locale is' \
    eval 'LC_ALL=C.UTF-8 succeeds timeline && says "^$(sealing_key | cut -c 1-8) sealing .*█"'
check 'timeline --ascii has none, even so' \
    eval 'LC_ALL=C.UTF-8 succeeds timeline --ascii && ! LC_ALL=C grep -q "[^ -~]" "$tmp/out"'
check 'timeline --svg' succeeds timeline --svg
check 'timeline --svg is SVG' says '^<svg xmlns='
check 'timeline --json' succeeds timeline --json
check 'timeline --json is JSON' is_json
check 'timeline --json has a row for each key' equal \
    "$(grep -c segments "$tmp/out")" "$(stekctl keys | grep -c '^[0-9a-f]\{32\}')"
check 'SVG or JSON, not both' fails 2 'either --svg or --json' timeline --svg --json

# ---- rotate ----

old=$(sealing_key)
check 'rotate' succeeds rotate
made=$(sed -n 's/.*key \([0-9a-f]\{32\}\) seals.*/\1/p' "$tmp/out")
sealing_is() {
    [ "$(sealing_key)" = "$1" ]
}
check 'the key that rotate named takes over' wait_for 60 sealing_is "$made"
check 'the old key still opens' equal "$(state_of "$old")" opening
check 'again, in the same second perhaps' succeeds rotate
check 'rotate --json, once more' succeeds rotate --json
check 'rotate --json is JSON' is_json
made=$(value name)
check 'rotate --json names the key' wait_for 60 sealing_is "$made"

# ---- revoke ----

check 'a prefix of three digits is too short' \
    fails 1 'cannot name a key' revoke "$(echo "$old" | cut -c 1-3)"
check 'what is no hex is no name' fails 1 'cannot name a key' revoke xyzw
check 'a name that no key has' fails 1 'no key of keyset www begins with' \
    revoke "$(echo "$old" | tr '0-9a-f' '1-9a-f0')"
check 'revoke --only, by a prefix' succeeds revoke --only "$(echo "$old" | cut -c 1-12)"
check 'it names the key' says "^  $old\$"
check 'it is one key' says '^keyset www: 1 key revoked'
check 'and is in force' equal "$(state_of "$old")" revoked
check 'revoke tells which key seals, since it was not that one' \
    says "^key $(sealing_key) seals new tickets\$"
check 'a key is revoked once' fails 1 'is revoked already' revoke --only "$old"

seals=$(sealing_key)
check 'revoke NAME of the sealing key, in capitals' \
    succeeds revoke "$(echo "$seals" | tr 'a-f' 'A-F')"
check 'it is revoked' equal "$(state_of "$seals")" revoked
check 'another key seals at once' eval '[ -n "$(sealing_key)" ] && ! sealing_is "$seals"'
check 'revoke tells which' says "key $(sealing_key) seals new tickets\$"

check 'revoke --all --json' succeeds revoke --all --json
check 'revoke --all --json is JSON' is_json
check 'the fresh key seals' sealing_is "$(value fresh)"
check 'no other key opens' equal "$(stekctl keys | grep -c ' opening ')" 0
check 'status counts the orders' equal "$(number revocations)" 3

# ---- watch ----

: >"$tmp/watch"
"$STEK_BUILD/src/stekctl" -r "$run" watch --json -i 1 >>"$tmp/watch" 2>"$tmp/watch.err" &
watch=$!
pids="$pids $watch"
lines() {
    [ "$(grep -c . "$tmp/watch")" -ge "$1" ]
}
check 'watch begins with a line' wait_for 60 lines 1
stekctl rotate >/dev/null
check 'watch prints another line when something changes' wait_for 60 lines 2
stop "$stekd"
check 'watch says that stekd is gone' wait_for 60 grep -q 'is it running' "$tmp/watch.err"
before=$(grep -c . "$tmp/watch")
start_stekd
check 'watch goes on when stekd is back' wait_for 60 lines $((before + 1))
kill -s INT "$watch"
wait "$watch"
check 'an interrupted watch ends well' equal $? 0
check 'every line of watch is JSON' eval '"$json" pid <"$tmp/watch" >"$tmp/out"'
check 'as many objects as lines' equal "$(grep -c . "$tmp/out")" "$(grep -c . "$tmp/watch")"

: >"$tmp/watch" # lest lines of the former one count
"$STEK_BUILD/src/stekctl" -r "$run" watch -i 1 >>"$tmp/watch" &
watch=$!
pids="$pids $watch"
check 'watch prints a line each interval where there is no terminal' wait_for 60 lines 3
stop "$watch"
check 'and says what seals, and how much is sealed' \
    grep -q "www: sealing $(sealing_key | cut -c 1-8), next .*, sealed 0/s, opened 0/s" "$tmp/watch"

# ---- on a terminal ----

# on_terminal ARGUMENTS...: what it shows there is in $tmp/out.
on_terminal() {
    script -qec "$STEK_BUILD/src/stekctl -r $run $*" /dev/null </dev/null >"$tmp/out"
}
escape=$(printf '\033') # for watch.sh, too

# a bare chroot has no /dev/pts
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    check 'colour on a terminal' eval 'on_terminal status && says "$escape\[32m  sealing"'
    check 'none with NO_COLOR' eval 'NO_COLOR=1 on_terminal status && ! says "$escape"'
    # shellcheck source=tests/system/watch.sh
    . "${0%/*}/watch.sh"
else
    skip 'colour on a terminal' 'no terminal can be had here'
    skip 'watch draws on a terminal' 'no terminal can be had here'
fi

# ---- several keysets ----

stop "$stekd"
echo 'keyset "api" { rotate = 30d lifetime = 6h }' >>"$tmp/stekd.conf"
start_stekd
check 'which keyset?' fails 1 'several keysets, choose one with -k: www, api' keys
check 'which keyset to rotate?' fails 1 'several keysets' rotate
check 'which keyset to revoke?' fails 1 'several keysets' revoke --all
check 'status shows all' eval 'succeeds status && says "^keyset www" && says "^keyset api"'
check 'status -k shows one' \
    eval 'succeeds status -k api && says "^keyset api" && ! says "^keyset www"'
check 'status -k --json too' \
    eval 'succeeds status -k api --json && [ "$(value keysets.0.name)" = api ]'
other=$(key_in_state sealing www)
check 'revoke -k api --all' succeeds revoke -k api --all
check 'the other keyset is as it was' equal "$(state_of "$other" www)" sealing

# ---- what is no stekd ----

stop "$stekd"
check 'a stale socket, or none' fails 1 'is it running' status

finish
