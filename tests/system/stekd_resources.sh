#!/bin/sh
# What stekd lives on runs out, or is taken away: room in its folder, descriptors, memory that may be
# locked, its rings. It says what is missing, keys go on, and what can be mended is; servers that
# have a ring lose nothing when it is removed.
# shellcheck source=tests/system/frame.sh disable=SC2154 # stekd: of frame.sh
. "${0%/*}/frame.sh"

program=$STEK_BUILD/src/stekd
conf=$tmp/stekd.conf
mounted=

umount_all() {
    for folder in $mounted; do
        umount "$folder"
    done
}
trap 'umount_all; clean' EXIT

logged() {
    grep -qF -- "$1" "$tmp/stekd.log"
}

has_logged() {
    wait_for 60 logged "$1"
}

# ends TEXT COMMAND...: it fails and says that.
ends() {
    text=$1
    shift
    line=$(timeout 120 "$@" 2>&1) && return 1
    echo "$line" | grep -qF -- "$text"
}

# reload CONFIGURATION: true once stekd has said what came of it.
reload() {
    echo "$1" >"$conf"
    before=$(grep -c 'reload' "$tmp/stekd.log")
    kill -s HUP "$stekd"
    wait_for 60 reloaded
}

reloaded() {
    [ "$(grep -c 'reload' "$tmp/stekd.log")" -gt "$before" ]
}

rotates() {
    before=$(number rotations)
    wait_for 60 has_rotated
}

has_rotated() {
    [ "$(number rotations)" -gt "$before" ]
}

absent() {
    [ ! -e "$1" ]
}

seals() {
    key=$(sealing_key)
    [ -n "$key" ]
}

keeps() {
    [ -n "$1" ] && stekctl keys | grep -q "$1"
}

# ---- room ----

quick='keyset "www" { rotate = 2s lifetime = 10m }'
if [ "$(id -u)" -eq 0 ] && mkdir "$tmp/small" && mount -t tmpfs -o size=640k,mode=755 tmpfs "$tmp/small" 2>/dev/null; then
    mounted=$tmp/small
    run=$tmp/small/run
    echo 'keyset "www" { capacity = 4096 }' >"$conf"
    check 'a ring that does not fit is told' ends "allocate" "$program" -f -c "$conf" -r "$run"
    check 'with the reason' ends "No space left on device" "$program" -f -c "$conf" -r "$run"
    check 'and leaves nothing' absent "$run/www.r1.new"
    echo "$quick" >"$conf"
    start_stekd
    dd if=/dev/zero of="$tmp/small/full" bs=4k 2>/dev/null
    check 'with a full folder keys go on' rotates
    check 'a keyset more does not fit' reload "$quick
        keyset \"mail\" { }"
    check 'which is told, and all stays as it was' logged 'reload: all stays as it was: keyset mail: '
    check 'and nothing is left of it' absent "$run/mail.r1.new"
    wait_for 60 seals
    echo "$quick" >"$conf"
    stop "$stekd" KILL
    start_stekd
    check 'killed, it starts again in the full folder' keeps "$key"
    stop "$stekd"
    start_stekd
    check 'stopped, too' keeps "$key"
    check 'and keys go on' rotates
    stop "$stekd"
else
    skip 'a full folder' 'needs root, to mount a small one'
fi

# ---- descriptors ----

run=$tmp/few
: >"$tmp/stekd.log"
keysets='keyset "a" { } keyset "b" { } keyset "c" { } keyset "d" { }'
echo "$keysets $quick" >"$conf"
check 'too few descriptors for the rings are told' ends 'Too many open files' \
    prlimit --nofile=8:8 "$program" -f -c "$conf" -r "$run"
echo "$quick" >"$conf"
run=$tmp/enough
mkdir "$run"
prlimit --nofile=16:16 "$program" -f -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
stekd=$!
pids=$stekd
check 'with some for one ring it starts' wait_for 60 stekctl status
for keyset in a b c d e f g h i j k l; do
    keysets="$keysets keyset \"more-$keyset\" { }"
done
check 'a reload that needs more' reload "$quick $keysets"
check 'is refused, and says why' logged 'Too many open files'
check 'keys go on' rotates
check 'it answers' eval 'stekctl -k www rotate >/dev/null'
check 'no other ring is left' [ "$(echo "$run"/*.r1)" = "$run/www.r1" ]
stop "$stekd"

# ---- memory that may be locked ----

run=$tmp/unlocked
: >"$tmp/stekd.log"
echo "$quick" >"$conf"
as_nobody=
if [ "$(id -u)" -eq 0 ]; then # whom no limit holds
    mkdir "$run"
    chown 65534:65534 "$run"
    chmod 755 "$tmp"
    as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
fi
# shellcheck disable=SC2086 # words
prlimit --memlock=0:0 $as_nobody "$program" -f -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
stekd=$!
pids=$stekd
check 'with no memory to lock it starts' wait_for 60 stekctl status
check 'says that it cannot lock the ring' logged "$run/www.r1 cannot be locked in memory"
check 'and keys go on' rotates
stop "$stekd"

# ---- servers whose ring is removed, replaced, cut short ----

run=$tmp/run
: >"$tmp/stekd.log"
rm "$conf"
make_cert a.test
start_stekd 'rotate = 1h lifetime = 2m'
start_nginx module module
start_nginx preload preload
"$client" load -w 5 -e 1 -n a.test -r "$tmp/counts" "module=unix:$tmp/module.sock" \
    "preload=unix:$tmp/preload.sock" >"$tmp/load.log" &
load=$!
pids="$pids $load"

is_back() {
    [ -e "$ring" ]
}

remove_often() {
    for times in 1 2 3 4 5 6 7 8; do
        rm -f "$ring"
        stekctl rotate >/dev/null && wait_for 60 is_back || return 1
        sleep "0.$times"
    done
}

resumed_many() {
    [ "$(grep -c 'resumed under' "$tmp/load.log")" -gt 100 ]
}

resumed_all() {
    line=$(cat "$tmp/counts")
    echo "# $line"
    for word in full failed none; do
        [ "$(field "$word")" = 0 ] || return 1
    done
}

all_cross() {
    for version in 1.2 1.3; do
        crosses "$version" a.test module preload && crosses "$version" a.test preload late || return 1
    done
}

check 'a ring that is removed is back at once' remove_often
check 'and it is told' logged "keyset www: $ring was removed, and has its name back"
check 'meanwhile servers resumed tickets' wait_for 60 resumed_many
stop "$load"
grep -v 'resumed under' "$tmp/load.log" | tail -n 5 | sed 's/^/# /'
check 'servers under load lost nothing by it' resumed_all
start_nginx late module
check 'a server that starts now has the same keys' all_cross

echo other >"$tmp/other"
mv "$tmp/other" "$ring"
check 'another file in its place is told' has_logged "$ring was replaced by another file"
check 'servers go on' all_cross
rm "$ring"
check 'without it the ring is back' wait_for 60 grep -q stekring "$ring"
check 'all is well' wait_for 60 eval 'stekctl status | grep -q "last error  *none"'

# the servers do nothing at that moment: see SECURITY.md
workers=$(workers module)
take module 1.3 a.test "$tmp/before"
for length in 0 5000 100000; do
    : >"$tmp/stekd.log"
    truncate -s "$length" "$ring"
    check "cut to $length bytes it is made anew" has_logged "$ring was cut short or written over, and is made anew with all its keys"
    check 'servers go on with it' all_cross
done
offer preload 1.3 a.test "$tmp/before"
check 'a ticket from before it is resumed' is resumed
check 'by the same processes' [ "$(workers module)" = "$workers" ]
stop "$stekd"
finish
