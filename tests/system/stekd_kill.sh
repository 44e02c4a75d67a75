#!/bin/sh
# stekd dies again and again, in its start, at work and right after a rotation, while two nginx
# (module and preload) are under load: no handshake fails, no ticket is lost. It is killed 16 times
# in a row, or with STEK_KILL_SECONDS every second for so long.
# shellcheck source=tests/system/frame.sh disable=SC2154 # stekd: of frame.sh
. "${0%/*}/frame.sh"

seconds=${STEK_KILL_SECONDS:-0}
kills=0
seen=
rotations_failed=

# Note each key that is seen to seal.
note_key() {
    key=$(sealing_key)
    case " $seen " in
    *" $key "*) ;;
    *) seen="$seen $key" ;;
    esac
}

# Start stekd; it lives for so many hundredths of a second, and may be in the midst of its start.
short_life() {
    "$STEK_BUILD/src/stekd" -f -c "$tmp/stekd.conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
    stekd=$!
    pids="$pids $stekd"
    sleep "0.0$1"
    stop "$stekd" KILL
    kills=$((kills + 1))
}

# A start that comes to its end, so that keys go on rotating. By order: of keys that rotate by time
# within a test, none would seal any more where a busy machine lets stekd stand still for seconds.
long_life() {
    start_stekd
    note_key
    stekctl rotate >/dev/null || rotations_failed=yes
    [ "$seconds" -eq 0 ] || sleep 0.9
    stop "$stekd" KILL
    kills=$((kills + 1))
}

has_rotated() {
    [ "$(echo "$seen" | wc -w)" -gt 2 ]
}

kill_again_and_again() {
    end=$(($(date +%s) + seconds))
    while [ "$kills" -lt 16 ] || [ "$(date +%s)" -lt "$end" ] || ! has_rotated; do
        [ "$kills" -lt 500 ] || return
        short_life $((kills / 2 % 10))
        long_life
    done
}

# A handshake of the load that went wrong, of the kinds given.
none_went() {
    for kind in "$@"; do
        [ "$(field "$kind")" = 0 ] || return 1
    done
}

# With each version more tickets than there were kills.
resumed() {
    for version in 1.2 1.3; do
        [ "$(grep -c "TLS $version  resumed" "$tmp/load.log")" -gt "$kills" ] || return 1
    done
}

taken_over() {
    [ "$(grep -c 'keys taken over from' "$tmp/stekd.log")" -ge $((kills / 2)) ]
}

make_cert a.test
start_stekd 'rotate = 1h lifetime = 2m'
start_nginx module module
start_nginx preload preload
"$client" load -w 5 -e 1 -n a.test -r "$tmp/counts" "module=unix:$tmp/module.sock" \
    "preload=unix:$tmp/preload.sock" >"$tmp/load.log" &
load=$!
pids="$pids $load"
stop "$stekd" KILL
kill_again_and_again
check 'the load goes on to the end' kill -0 "$load"
check 'tickets were resumed in TLS 1.2 and 1.3, more than one for each kill' wait_for 60 resumed
stop "$load"
line=$(cat "$tmp/counts")
echo "# $kills kills, $(echo "$seen" | wc -w) keys; $line"
grep -v 'resumed under' "$tmp/load.log" | tail -n 5 | sed 's/^/# /'
check 'no handshake failed' none_went failed
check 'no resumption was lost, and none was without a new ticket' none_went full none
check 'each order to rotate was obeyed' test -z "$rotations_failed"
check 'keys rotated meanwhile' has_rotated
check 'each start took over the ring' taken_over
start_stekd
check 'stekd is well after it' wait_for 60 eval 'stekctl status | grep -q "last error  *none"'
finish
