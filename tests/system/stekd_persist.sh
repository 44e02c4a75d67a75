#!/bin/sh
# A keyset that is saved outlives a boot: stekd and the server are gone, and their folder is empty,
# and yet tickets from before are resumed. What is revoked stays so, and what is not fit is refused,
# said, and stekd goes on with fresh keys.
# shellcheck source=tests/system/frame.sh disable=SC2154 # stekd: of frame.sh
. "${0%/*}/frame.sh"

program=$STEK_BUILD/src/stekd
conf=$tmp/stekd.conf
saved=$tmp/saved.keys
umask 077

logged() {
    grep -qF -- "$1" "$tmp/stekd.log"
}

# reboot [WALL_CLOCK_STEP]: all ends at once, and begins again with an empty folder.
reboot() {
    stop "$stekd" KILL
    stop "$server_pid"
    rm -rf "$run"
    : >"$tmp/stekd.log"
    echo "${1:-0}" >"$tmp/clock"
    start_stekd
    start_nginx module module
}

take_both() {
    take module 1.2 a.test "$tmp/old1.2" && take module 1.3 a.test "$tmp/old1.3"
}

both_are() {
    offer module 1.2 a.test "$tmp/old1.2" && is "$1" &&
        offer module 1.3 a.test "$tmp/old1.3" && is "$1"
}

refused() {
    logged "it begins with fresh keys: $saved is not taken up: it $1"
}

fails() {
    line=$(timeout 120 "$program" -f -c "$conf" -r "$run" 2>&1) && return 1
    echo "$line" | grep -qF -- "$1"
}

# The wall clock of the shim; the sanitizers want to come first, but it allocates nothing and may.
stekd_env="env LD_PRELOAD=$STEK_BUILD/tests/libclock-shim.so STEK_CLOCK=$tmp/clock
    CREDENTIALS_DIRECTORY=$tmp/credentials"
echo 0 >"$tmp/clock"
make_cert a.test

keyset() {
    echo "keyset \"www\" { rotate = 7d lifetime = 12h persist = \"$1\" persist_file = \"$saved\" }"
}

keyset "$tmp/key" >"$conf"
check 'without its key it does not start, and says what is missing' fails \
    "keyset www: persist: $tmp/key: No such file or directory"
openssl rand -out "$tmp/key" 32
start_stekd
start_nginx module module
check 'tickets' take_both
check 'the file is for its owner alone' [ "$(stat -c %a "$saved")" = 600 ]
reboot
check 'after a boot they are resumed' both_are resumed
check 'it says so' logged "keys taken over from $saved"

take_both
check 'revoke all' eval 'stekctl revoke --all >/dev/null'
reboot
check 'after a boot what was revoked is not resumed' both_are full

take_both
reboot -7200
check 'a clock that is behind is told' refused 'was saved at '
check 'and its keys are not taken up' both_are full
reboot

take_both
printf x | dd of="$saved" bs=1 seek=200 conv=notrunc 2>/dev/null
reboot
check 'a damaged file is told' refused 'is damaged, or was written under another key'
check 'and stekd goes on' both_are full
check 'all is well' eval 'stekctl status | grep -q "last error  *none"'

# by a credential of systemd's, as text
mkdir "$tmp/credentials"
openssl rand -hex 32 >"$tmp/credentials/www"
keyset credential:www >"$conf"
kill -s HUP "$stekd"
check 'another key, at a reload' wait_for 60 logged "keyset www: keys are saved in $saved"
take_both
reboot
check 'which serves after a boot' both_are resumed

echo 'keyset "www" { rotate = 7d lifetime = 12h }' >"$conf"
kill -s HUP "$stekd"
check 'saved no more' wait_for 60 logged 'keyset www: keys are not saved any more'
check 'the file is gone' [ ! -e "$saved" ]
reboot
check 'after a boot keys are others' both_are full
stop "$stekd"
finish
