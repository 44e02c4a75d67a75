#!/bin/sh
# A host of a farm that is booted anew, with nothing but its disk, when nobody else is there and what
# carries the records was put back to a time before: a key that was revoked does not open a ticket
# of a real server, nor does it come back.
# shellcheck disable=SC2016,SC2034 # eval has the last word
# shellcheck source=tests/system/frame.sh disable=SC2154 # stekd, tmp: of frame.sh
. "${0%/*}/frame.sh"

records=$tmp/records
kept=$tmp/farm/www.revoked

# boot [RECORDS]: all ends at once, and begins again with an empty folder, and with these records.
boot() {
    stop "$stekd" KILL
    stop "$server_pid"
    rm -rf "$run"
    if [ $# -gt 0 ]; then
        rm -rf "$records"
        cp -a "$1" "$records"
    fi
    start_stekd
    start_nginx module module
}

# tickets NAME: of both versions.
tickets() {
    take module 1.2 a.test "$tmp/$1.1.2" && take module 1.3 a.test "$tmp/$1.1.3"
}

# are NAME RESULT: what becomes of them.
are() {
    offer module 1.2 a.test "$tmp/$1.1.2" && is "$2" && offer module 1.3 a.test "$tmp/$1.1.3" && is "$2"
}

# The state of the key of that name; "" if it is not known.
state_of() {
    stekctl --json keys | tr -d ' \n' | tr '{' '\n' | sed -n "s/^\"name\":\"$1\",\"state\":\"\([a-z]*\)\".*/\1/p"
}

is_state() {
    line="key $1: $(state_of "$1")"
    [ "$(state_of "$1")" = "$2" ]
}

is_well() {
    stekctl status | grep -q 'last error  *none'
}

mkdir "$tmp/farm" "$records"
cat >"$tmp/stekd.conf" <<CONF
keyset "www" {
    rotate = 7d  lifetime = 12h
    share "directory" { path = "$records" }
    farm = "$tmp/farm/www.farm"
}
CONF
make_cert a.test
start_stekd
stekctl farm init >/dev/null || bail 'no farm'
start_nginx module module
check 'tickets' tickets old
old=$(sealing_key)
cp -a "$records" "$tmp/before"
check 'the records have the key: after a boot its tickets are resumed' eval 'boot "$tmp/before"; wait_for 60 are old resumed; are old resumed'
check 'nothing is revoked, so there is no file' [ ! -e "$kept" ]

check 'revoke its name' eval 'stekctl revoke --no-wait "$old" >/dev/null'
check 'it stands in a file, for its owner alone' eval 'grep -q "^$old [0-9]*$" "$kept" && [ "$(stat -c %a "$kept")" = 600 ]'
check 'its tickets are not resumed' are old full
boot "$tmp/before"
check 'nor after a boot, with the records of before' are old full
check 'its key was taken in from there, as one that is revoked' eval 'wait_for 60 is_state "$old" revoked; is_state "$old" revoked'
check 'and still they are not resumed' are old full
check 'fresh tickets are resumed' eval 'tickets new && are new resumed'
check 'all is well' wait_for 60 is_well

new=$(sealing_key)
cp -a "$records" "$tmp/between"
check 'revoke all' eval 'stekctl revoke --all --no-wait >/dev/null'
check 'that stands in the file, too' grep -q '^all [0-9]* [0-9]*$' "$kept"
boot "$tmp/between"
check 'no ticket of before is resumed' eval 'are old full && are new full'
check 'all is well again' wait_for 60 is_well

# that it is the file that knows
rm "$kept"
boot "$tmp/between"
check 'without the file the key would be back' eval 'wait_for 60 are new resumed; are new resumed'
stop "$stekd"
finish
