#!/bin/sh
# stekd as a program: arguments, start, reload, stop and death; one daemon a folder; rings that it
# must not touch. Keys outlive it, and nothing that is wrong costs the keys that are in use.
STEK_NGINX=${STEK_NGINX:-none}
# shellcheck source=tests/system/frame.sh disable=SC2154,SC2034 # tmp, pids: of frame.sh
. "${0%/*}/frame.sh"

program=$STEK_BUILD/src/stekd
conf=$tmp/stekd.conf

# ends STATUS TEXT COMMAND...: true if it ends so and says that.
ends() {
    expected=$1
    text=$2
    shift 2
    line=$(timeout 120 "$@" 2>&1)
    status=$?
    case $line in
    *"$text"*) [ "$status" -eq "$expected" ] ;;
    *) false ;;
    esac
}

# quiet COMMAND...: its output stays out of the TAP.
quiet() {
    line=$("$@" 2>&1)
}

# seals KEYSET: the name of the key that does.
seals() {
    stekctl -k "$1" --json keys | tr -d ' \n' | tr '{' '\n' | sed -n 's/.*"name":"\([0-9a-f]*\)","state":"sealing".*/\1/p'
}

logged() {
    grep -q -- "$1" "$tmp/stekd.log"
}

# names KEYSET: of its keys, sorted.
names() {
    stekctl -k "$1" --json keys | tr -d ' \n' | tr '{' '\n' | sed -n 's/.*"name":"\([0-9a-f]*\)".*/\1/p' | sort
}

same() {
    [ -n "$1" ] && [ "$1" = "$2" ]
}

# kept KEYSET NAMES: these keys are there; others may have been made, as time goes.
kept() {
    line=$(names "$1")
    [ -n "$2" ] || return 1
    for key in $2; do
        echo "$line" | grep -q "^$key\$" || return 1
    done
}

differ() {
    [ -n "$1" ] && [ -n "$2" ] && [ "$1" != "$2" ]
}

# apart KEYSET KEYSET: both have keys, and no two look related: who scans servers takes those for one
# tenant's whose key names begin with the same 4 bytes.
apart() {
    line=$(for keyset in "$@"; do names "$keyset" | cut -c 1-8 | sort -u | sed "s/\$/ $keyset/"; done)
    for keyset in "$@"; do
        echo "$line" | grep -q " $keyset\$" || return 1
    done
    [ -z "$(echo "$line" | cut -d' ' -f1 | sort | uniq -d)" ]
}

mode_is() {
    [ "$(stat -c %a "$2")" = "$1" ]
}

absent() {
    [ ! -e "$1" ]
}

# ---- arguments ----

printf 'keyset "www" { rotate = 90s lifetime = 1d }\nkeyset "mail" { }\n' >"$conf"
check 'it checks a configuration and says what it means' ends 0 \
    "www:  rotate = 90s  lifetime = 1d  patience = 22s  max_session = 1d  capacity = 1024  keys = one" \
    "$program" -n -c "$conf"
printf 'metrics { listen = { 127.0.0.1:9779, "[0::1]:9779" } }\nkeyset "www" { }\n' >"$tmp/metrics.conf"
printf 'control { observer = games admin = adm }\nkeyset "www" { }\n' >"$tmp/control.conf"
check 'who may use the control socket' ends 0 "control:  admin = adm  observer = games" \
    "$program" -n -c "$tmp/control.conf"
check 'where metrics will be' ends 0 "metrics:  listen = 127.0.0.1:9779, [::1]:9779" \
    "$program" -n -c "$tmp/metrics.conf"
check 'with no file the built-in configuration applies, or the one of the system' ends 0 "rotate = " \
    "$program" -n
printf 'keyset "www" {\n\n  rotate = soon\n}\n' >"$tmp/faulty.conf"
check 'a fault is told with file and line' ends 1 "$tmp/faulty.conf:3: rotate = soon: not a time" \
    "$program" -n -c "$tmp/faulty.conf"
check 'it does not start with a faulty configuration' ends 1 "$tmp/faulty.conf:3: " \
    "$program" -f -c "$tmp/faulty.conf" -r "$run"
check 'a file that is asked for must be there' ends 1 "$tmp/none.conf: No such file or directory" \
    "$program" -n -c "$tmp/none.conf"
check 'an unknown option is a usage error' ends 2 "try: stekd -h" "$program" -x
check 'an argument too many is a usage error' ends 2 "takes no further arguments" "$program" now
check 'it has a version' ends 0 "stekd 0." "$program" -V
check 'it helps' ends 0 "usage: stekd [-n] [-f] [-S] [-c FILE] [-r RUNDIR]" "$program" -h

# ---- start, and one at a time ----

printf 'keyset "www" { rotate = 7d lifetime = 1d }\nkeyset "mail" { rotate = 7d }\n' >"$conf"
start_stekd
check 'a ring for each keyset' test -f "$run/www.r1" -a -f "$run/mail.r1"
check 'keysets have no key in common' apart www mail
check 'a ring is for its owner to read' mode_is 400 "$run/www.r1"
check 'the control socket is for its owner' mode_is 600 "$run/control"
check 'a second stekd says so and ends' ends 1 "stekd already runs in $run (pid $stekd)" \
    "$program" -f -c "$conf" -r "$run"
check 'and so does one that would detach' ends 1 "stekd already runs in $run (pid $stekd)" \
    "$program" -c "$conf" -r "$run"
check 'the first goes on' quiet stekctl status

# ---- orders ----

before=$(seals www)
check 'with several keysets, one must be named' ends 1 "" "$STEK_BUILD/src/stekctl" -r "$run" rotate
for again in '' ', again' ', and again'; do
    check "rotate$again" quiet stekctl -k www rotate
done
another_seals() {
    differ "$before" "$(seals www)"
}
check 'another key seals' wait_for 60 another_seals # from the next second on
mail=$(names mail)
check 'the audit trail names who ordered it' logged \
    " event=order action=rotate keyset=www peer_uid=$(id -u) peer_pid=[0-9]*\$"
seals_as_logged() {
    logged " event=key-seals keyset=www key=$(seals www)\$"
}
check 'and the key that it made' wait_for 60 seals_as_logged # each of them in its second
check 'revoke one' quiet stekctl -k www revoke --only "$before"
check 'revoke all' quiet stekctl -k www revoke --all
check 'the other keyset is not concerned' kept mail "$mail"
check 'none of its keys is revoked' quiet eval '! stekctl -k mail keys | grep -q " revoked "'

# ---- death ----

before=$(names www)
stop "$stekd" KILL
start_stekd
check 'killed and started again, it has the same keys' kept www "$before"
check 'and says where they came from' logged "keys taken over from $run/www.r1"

# ---- reload ----

reload() {
    before_reload=$(grep -c 'reload' "$tmp/stekd.log")
    kill -s HUP "$stekd" && wait_for 60 reloaded_since
}

reloaded_since() {
    [ "$(grep -c 'reload' "$tmp/stekd.log")" -gt "$before_reload" ]
}

www=$(names www)
printf 'keyset "www" { rotate = 7d lifetime = 1d }\nkeyset "new" { }\n' >"$conf"
check 'reload' reload
check 'a new keyset has a ring' test -f "$run/new.r1"
check 'one that is not asked for any more has none' absent "$run/mail.r1"
check 'the others keep their keys' kept www "$www"
cp "$tmp/faulty.conf" "$conf"
check 'reload a faulty file' reload
check 'the log says what is wrong, and that nothing changed' logged \
    "reload: all stays as it was: $conf:3: rotate = soon"
check 'the keys stay' kept www "$www"
printf 'keyset "www" { rotate = 7d lifetime = 1d }\nkeyset "other" { }\nkeyset "new" { capacity = 2048 }\n' >"$conf"
check 'reload what cannot change' reload
check 'the log says why' logged 'keyset new: capacity cannot change from 1024 to 2048'
check 'none of it was done' absent "$run/other.r1"
check 'the ring is still there' test -f "$run/new.r1"

# ---- stop ----

www=$(names www)
sum=$(cksum <"$run/www.r1")
kill -s TERM "$stekd"
wait "$stekd"
check 'it stops in good order' test $? -eq 0
pids=
check 'the control socket is gone' absent "$run/control"
check 'the ring stays as it is' same "$sum" "$(cksum <"$run/www.r1")"

# ---- in the background ----

printf 'keyset "www" { rotate = 7d lifetime = 1d }\n' >"$conf"
check 'it detaches once it is ready' quiet "$program" -c "$conf" -r "$run"
check 'without a word' same "x$line" x
stekd=$(cat "$run/stekd.pid")
pids=$stekd
check 'and answers at once' quiet stekctl status
check 'with the same keys' kept www "$www"
check 'a stop in the background' kill -s TERM "$stekd"
check 'it ends' wait_for 60 ended "$stekd"
pids=

# ---- without standard input, output and error ----

# A ring with the number of one of these would be written over by messages.
null_is_standard() {
    for fd in 0 1 2; do
        line=$(readlink "/proc/$stekd/fd/$fd")
        [ "$line" = /dev/null ] || return 1
    done
}
"$program" -f -c "$conf" -r "$run" <&- >&- 2>&- &
stekd=$!
pids=$stekd
check 'where they are closed it runs' wait_for 60 quiet stekctl status
check 'and lets no file take their places' null_is_standard
check 'nor its keys be written over' kept www "$www"
stop "$stekd"
closed() {
    timeout 120 "$program" -c "$conf" -r "$run" <&- >&- 2>&-
}
check 'it detaches then, too' closed
stekd=$(cat "$run/stekd.pid")
pids=$stekd
check 'with the same keys' kept www "$www"
stop "$stekd"
pids=

# ---- real time ----

printf 'keyset "quick" { rotate = 2s lifetime = 4s }\n' >"$conf"
run=$tmp/quick
start_stekd
rotated() {
    [ "$(number rotations)" -ge 3 ]
}
check 'keys rotate by the clock' wait_for 60 rotated
destroyed() {
    logged 'destroyed: its time is over'
}
check 'and are destroyed in time' wait_for 60 destroyed
stop "$stekd"

# ---- rings that are not ours to touch ----

run=$tmp/bad
printf 'keyset "www" { }\n' >"$conf"
start_stekd
stop "$stekd"
cp "$run/www.r1" "$tmp/good.r1"

# refuses TEXT: stekd ends with that reason, and leaves the ring alone.
refuses() {
    sum=$(cksum <"$run/www.r1")
    look=$(stat -c '%a %u %s' "$run/www.r1")
    ends 1 "$1" "$program" -f -c "$conf" -r "$run" && same "$sum" "$(cksum <"$run/www.r1")" &&
        same "$look" "$(stat -c '%a %u %s' "$run/www.r1")" && absent "$run/control"
}

# put_ring MODE FILE
put_ring() {
    rm -f "$run/www.r1"
    install -m "$1" "$2" "$run/www.r1"
}

head -c 5000 "$tmp/good.r1" >"$tmp/bad.r1"
put_ring 400 "$tmp/bad.r1"
check 'a ring cut short' refuses "$run/www.r1: not a ring"
head -c 100000 /dev/urandom >"$tmp/bad.r1"
put_ring 400 "$tmp/bad.r1"
check 'a file that is no ring' refuses "$run/www.r1: not a ring"
: >"$tmp/bad.r1"
put_ring 400 "$tmp/bad.r1"
check 'an empty file' refuses "$run/www.r1 is empty: not a ring"
cp "$tmp/good.r1" "$tmp/bad.r1"
chmod u+w "$tmp/bad.r1"
printf '\0\0\0\0\2\0\0\0' | dd of="$tmp/bad.r1" bs=1 seek=8 conv=notrunc 2>/dev/null
put_ring 400 "$tmp/bad.r1"
check 'a ring of another version' refuses "or of a version that this stekd cannot write"
put_ring 666 "$tmp/good.r1"
check 'a ring that others may write' refuses "$run/www.r1 "
rm -f "$run/www.r1"
ln -s "$tmp/good.r1" "$run/www.r1"
check 'a link' refuses "$run/www.r1"
rm -f "$run/www.r1"
if [ "$(id -u)" -eq 0 ]; then
    put_ring 400 "$tmp/good.r1"
    chown 65534 "$run/www.r1"
    check 'a ring of another user' refuses "$run/www.r1 "
fi
put_ring 400 "$tmp/good.r1"
chmod go+w "$run"
check 'a folder that others may write' ends 1 "others may write in it" \
    "$program" -f -c "$conf" -r "$run"
chmod go-w "$run"
start_stekd
check 'the good ring is taken again' logged "keys taken over from $run/www.r1"
stop "$stekd"

# ---- as any user, and for a group ----

as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@" 2>/dev/null
}

fails_as_nobody() {
    ! as_nobody "$@"
}

if [ "$(id -u)" -eq 0 ]; then
    run=$tmp/group
    printf 'keyset "www" { group = "nogroup" }\n' >"$conf"
    start_stekd
    check 'a group may read the ring' test "$(stat -c '%a %G' "$run/www.r1")" = '440 nogroup'
    check 'and count' test "$(stat -c '%a %G' "$run/count/www")" = '3770 nogroup'
    chmod 755 "$tmp"
    : >"$run/count/www/1-0123456789abcdef.c1"
    check 'who counts can make a file' as_nobody touch "$run/count/www/2-0123456789abcdef.c1"
    check 'and remove it' as_nobody rm "$run/count/www/2-0123456789abcdef.c1"
    check 'but not one of another' fails_as_nobody rm -f "$run/count/www/1-0123456789abcdef.c1"
    check 'which is there still' test -f "$run/count/www/1-0123456789abcdef.c1"
    check 'a group that others are in, too, gets a warning' logged \
        'group nogroup is shared by applications'
    printf 'keyset "www" { }\n' >"$conf"
    check 'a reload that would change the group' reload
    check 'does so' logged "keyset www: $run/www.r1 is readable by its owner alone"
    check 'the ring has no group' mode_is 400 "$run/www.r1"
    check 'nor do the counters' mode_is 2700 "$run/count/www"
    printf 'keyset "www" { group = "nogroup" }\n' >"$conf"
    check 'and back' reload
    check 'the ring has the group again' test "$(stat -c '%a %G' "$run/www.r1")" = '440 nogroup'
    check 'and so have the counters' test "$(stat -c '%a %G' "$run/count/www")" = '3770 nogroup'
    printf 'keyset "www" { } keyset "new" { persist = "/no/such/key" }\n' >"$conf"
    check 'a reload that fails further on' reload
    check 'leaves the group as it was' test "$(stat -c '%a %G' "$run/www.r1")" = '440 nogroup'
    check 'and says why' logged 'keyset new: persist: /no/such/key: No such file or directory'
    printf 'keyset "www" { }\n' >"$conf"
    stop "$stekd"

    run=$tmp/nobody/run
    mkdir "$tmp/nobody"
    chown 65534:65534 "$tmp/nobody"
    chmod 755 "$tmp"
    # the leak checker looks into the process, which does not let other users do so
    ASAN_OPTIONS=detect_leaks=0 setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$program" -f -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
    stekd=$!
    pids=$stekd
    check 'an ordinary user can run it' wait_for 60 stekctl status
    check 'the ring is that user'\''s' test "$(stat -c %u "$run/www.r1")" -eq 65534
    check 'it rotates' quiet stekctl rotate
    kill -s TERM "$stekd"
    wait "$stekd"
    check 'it stops in good order, too' test $? -eq 0
    pids=
    printf 'keyset "other" { group = "daemon" }\n' >"$conf"
    check 'a group that it is not in cannot have a keyset' ends 1 \
        "cannot be given to group 1: is stekd's user in it? \"stekctl setup\" sees to that" env \
        ASAN_OPTIONS=detect_leaks=0 setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$program" -f -c "$conf" -r "$run"
    check 'nothing of it stays' absent "$run/other.r1.new"
fi

finish
