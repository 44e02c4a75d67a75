#!/bin/sh
# What starts stekd. The systemd unit: as tight as systemd-analyze can tell, and its own commands
# start and reload a stekd that says so to a service manager. Users and folders. The init script:
# start, status, reload, restart, stop.
STEK_NGINX=${STEK_NGINX:-none}
# shellcheck source=tests/system/frame.sh disable=SC2154 # tmp, run: of frame.sh
. "${0%/*}/frame.sh"

program=$STEK_BUILD/src/stekd
unit=$STEK_BUILD/contrib/stekd.service
conf=$tmp/stekd.conf
systemd=${STEK_SERVERS:-none}/systemd

# ---- what systemd itself says ----

# systemd's PROGRAM ARGUMENTS..., as unpacked.
of_systemd() {
    name=$1
    shift
    for folder in usr/bin bin; do
        [ ! -x "$systemd/$folder/$name" ] ||
            SYSTEMD_UNIT_PATH="$systemd/lib/systemd/system:" LD_LIBRARY_PATH=$(echo "$systemd"/usr/lib/*/systemd) \
                "$systemd/$folder/$name" "$@" 2>&1
    done
}

# quiet COMMAND...: its output stays out of the TAP.
quiet() {
    line=$("$@" 2>&1)
}

# silent COMMAND...: and there is none.
silent() {
    line=$("$@" 2>&1) && [ -z "$line" ]
}

# setting NAME: the last one of the unit.
setting() {
    sed -n "s/^$1=//p" "$unit" | tail -n 1
}

if [ -x "$systemd/usr/bin/systemd-analyze" ]; then
    check 'exposure is under 1.5' quiet of_systemd systemd-analyze security --offline=true \
        --threshold=14 "$unit"
    sed "s|$(setting ExecStart | cut -d' ' -f1)|$program|" "$unit" >"$tmp/stekd.service"
    check 'systemd finds nothing wrong with the unit' silent of_systemd systemd-analyze verify \
        --man=no "$tmp/stekd.service"
    mkdir -p "$tmp/root/etc" "$tmp/root/usr/lib/sysusers.d" "$tmp/root/usr/lib/tmpfiles.d"
    cp "${0%/*}/../../contrib/systemd/sysusers.conf" "$tmp/root/usr/lib/sysusers.d/stek.conf"
    cp "$STEK_BUILD/contrib/stek.conf" "$tmp/root/usr/lib/tmpfiles.d/stek.conf"
else
    skip 'what systemd says of the unit' 'no systemd-analyze here'
fi
has_line() {
    line=$(cat "$2") && echo "$line" | grep -qE "$1"
}
made_folder() {
    line=$(stat -c '%a %u %g' "$tmp/root/run/stek")
    [ "$line" = "755 $(grep ^stek: "$tmp/root/etc/passwd" | cut -d: -f3,4 | tr : ' ')" ]
}
if [ -d "$tmp/root" ] && [ "$(id -u)" -eq 0 ]; then
    check 'sysusers' quiet of_systemd systemd-sysusers --root="$tmp/root"
    check 'there is the user, who cannot log in' has_line '^stek:.*nologin$' "$tmp/root/etc/passwd"
    for group in stek stek-admin stek-observer; do
        check "there is the group $group" has_line "^$group:" "$tmp/root/etc/group"
    done
    check 'tmpfiles' quiet of_systemd systemd-tmpfiles --root="$tmp/root" --create stek.conf
    check 'the folder of rings is its own, to be written by nobody else' made_folder
    touch "$tmp/root/run/stek/www.r1"
    check 'tmpfiles, again, with removal and cleaning' quiet of_systemd systemd-tmpfiles \
        --root="$tmp/root" --create --remove --clean stek.conf
    check 'a ring stays' test -f "$tmp/root/run/stek/www.r1"
else
    skip 'users and folders' 'needs root, and systemd unpacked'
fi

# ---- the unit's own commands ----

heard() {
    grep -qE "^[0-9]+ $1" "$tmp/notified.out"
}

# how_often LINE: it was heard.
how_often() {
    grep -cE "^[0-9]+ $1" "$tmp/notified.out"
}

more_often() {
    [ "$(how_often "$2")" -gt "$1" ]
}

# manage SOCKET: be its service manager; notified is the id.
manage() {
    NOTIFY_SOCKET=$1
    export NOTIFY_SOCKET
    : >"$tmp/notified.out"
    "$STEK_BUILD/tests/notified" "$1" >>"$tmp/notified.out" 2>>"$tmp/notified.log" &
    notified=$!
    pids="$pids $notified"
    wait_for 60 listens "$1" || bail 'no service manager'
}

listens() {
    case $1 in
    @*) grep -q -- "$1\$" /proc/net/unix ;;
    *) [ -S "$1" ] ;;
    esac
}

# start_unit: what ExecStart says, in a folder of ours. That is a command of words alone.
start_unit() {
    command=$(setting ExecStart)
    # shellcheck disable=SC2086 # words
    "$program" ${command#* } -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
    stekd=$!
    pids="$pids $stekd"
    wait_for 60 heard READY=1 || bail 'stekd is not ready'
}

# reload_unit: what ExecReload says.
reload_unit() {
    setting ExecReload | sed "s|$(setting ExecStart | cut -d' ' -f1) -n|$program -n -c $conf|
        s|\$MAINPID|$stekd|" >"$tmp/reload"
    line=$(sh "$tmp/reload" 2>&1)
}

fails() {
    ! "$@"
}

# says TEXT: the command before did.
says() {
    case $line in
    *"$1"*) ;;
    *) return 1 ;;
    esac
}

# alive_in_time MS: between any two of the last three signs of life there is less. Of all it would
# be too much to ask: a busy machine lets either side stand still.
alive_in_time() {
    line=$(grep WATCHDOG=1 "$tmp/notified.out" | tail -n 3 | tr '\n' ' ')
    echo "$line" | tr ' ' '\n' | awk -v most="$1" '
        /^[0-9]+$/ { if (n++ && $1 - last > most) late = 1; last = $1 }
        END { exit late || n < 3 }'
}

# from_main: all that was heard came from the process that was started.
from_main() {
    line=$(grep SENDER= "$tmp/notified.out" | sort | uniq -c)
    [ -n "$line" ] && ! grep SENDER= "$tmp/notified.out" | grep -qv "SENDER=$stekd\$"
}

# is_confined PID: as far as it is built for it, and the kernel has such things.
is_confined() {
    line=$(grep -E '^(NoNewPrivs|Seccomp):' "/proc/$1/status")
    echo "$line" | grep -q 'NoNewPrivs:.1$' || has_line 'sandbox: writes are not confined' "$tmp/stekd.log" || return 1
    echo "$line" | grep -q 'Seccomp:.2$' || has_line 'sandbox: .*built without libseccomp' "$tmp/stekd.log"
}

# leaves_no_core PID: nor may it raise the limit.
leaves_no_core() {
    line=$(grep '^Max core file size' "/proc/$1/limits")
    echo "$line" | grep -qE ' 0 +0 +bytes'
}

# is_locked PID: where no limit forbids it, and no sanitizer, which leaves nothing to be locked.
is_locked() {
    line=$(grep -h -E '^(VmLck|Max locked memory)' "/proc/$1/status" "/proc/$1/limits")
    echo "$line" | grep -qE '^VmLck:[[:space:]]*[1-9]' ||
        ! echo "$line" | grep -qE '^Max locked memory +unlimited' || grep -q __sanitizer "$program"
}

mkdir -p "$run"
for socket in "$tmp/notify" "@stek-test-$$"; do
    echo 'keyset "www" { rotate = 7d  lifetime = 12h }' >"$conf"
    manage "$socket"
    WATCHDOG_USEC=4000000
    export WATCHDOG_USEC
    unset WATCHDOG_PID
    start_unit
    check "$socket: it answers as soon as it is ready" quiet stekctl status
    check 'the status says what is there' heard "STATUS=1 keyset in $run\$"
    check 'it has put itself into a sandbox' is_confined "$stekd"
    check 'it leaves no core dump' leaves_no_core "$stekd"
    check 'and is locked in memory' is_locked "$stekd"
    echo "keyset \"www\" { }  keyset \"mail\" { group = \"$(id -gn)\" }" >"$conf"
    check 'ExecReload' reload_unit
    check 'it says that it reloads' wait_for 60 heard RELOADING=1
    check 'since when' heard 'MONOTONIC_USEC=[0-9]+$'
    check 'and that it is ready again' wait_for 60 more_often 1 READY=1
    check 'with another status' heard "STATUS=2 keysets in $run\$"
    check 'the sandbox lets it look groups up' test -f "$run/mail.r1"
    echo 'keyset "www" { rotate = soon }' >"$conf"
    cases_before=$(how_often READY=1)
    check 'ExecReload fails where the file is faulty' fails reload_unit
    check 'and says why' says 'rotate = soon: not a time'
    kill -s HUP "$stekd"
    check 'a signal alone does not harm it' wait_for 60 more_often "$cases_before" READY=1
    check 'the status says what is wrong' heard 'STATUS=2 keysets.*reload: all stays as it was: .*soon'
    rm -rf "$run/count/www"
    quiet stekctl -k www rotate
    check 'and what else goes wrong, as soon as it is known' wait_for 60 heard \
        "STATUS=2 keysets.*; keyset www: $run/count/www: No such file"
    check 'the watchdog hears of it' wait_for 60 more_often 4 WATCHDOG=1
    check 'within half of its time' wait_for 60 alive_in_time 2000
    stop "$stekd"
    check 'it says that it stops' wait_for 60 heard STOPPING=1
    check 'all this came from the main process' from_main
    stop "$notified"
    rm -rf "$run"
    mkdir "$run"
    echo 'keyset "www" { }' >"$conf"
done
unset NOTIFY_SOCKET

"$program" -S -f -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
stekd=$!
pids="$pids $stekd"
wait_for 60 stekctl -k www status
check 'with -S it does not' fails grep -qE '^(NoNewPrivs:.1|Seccomp:.2)' "/proc/$stekd/status"
stop "$stekd"

echo 'keyset "www" { }' >"$conf"
manage "$tmp/notify2"
# shellcheck disable=SC2034 # its environment
WATCHDOG_PID=1
export WATCHDOG_PID
start_unit
stop "$stekd"
check 'the watchdog of another process is none of its business' test "$(how_often WATCHDOG=1)" -eq 0
stop "$notified"
unset WATCHDOG_USEC WATCHDOG_PID
start_stekd
check 'a service manager that is gone does not stop it' quiet stekctl status
check 'it says so' has_line "the service manager: NOTIFY_SOCKET=$tmp/notify2" "$tmp/stekd.log"
stop "$stekd"
unset NOTIFY_SOCKET

# ---- the init script ----

# init COMMAND
init() {
    line=$("$tmp/init" "$1" 2>&1)
}

# ends STATUS COMMAND...
ends() {
    expected=$1
    shift
    "$@"
    [ "$?" -eq "$expected" ]
}

# The names of the keys of www.
names() {
    stekctl -k www --json keys | tr -d ' \n' | tr '{' '\n' | sed -n 's/.*"name":"\([0-9a-f]*\)".*/\1/p' | sort
}

pid_of() {
    cat "$run/stekd.pid"
}

if command -v start-stop-daemon >/dev/null; then
    user=$(id -un)
    [ "$user" != root ] || user=nobody
    chmod 711 "$tmp"
    rm -rf "$run"
    printf '%s\n' "daemon=$program" "run_dir=$run" "config=$conf" "user=$user" "group=$(id -gn "$user")" \
        >"$tmp/defaults"
    sed "s|^defaults=.*|defaults=$tmp/defaults|" "$STEK_BUILD/contrib/stekd" >"$tmp/init"
    chmod +x "$tmp/init"
    chmod 644 "$conf"
    check 'init: status where none runs' ends 3 init status
    check 'start' init start
    pids="$pids $(pid_of)"
    check 'status' ends 0 init status
    check 'it runs as its user' test "$(stat -c %U "/proc/$(pid_of)")" = "$user" -o \
        "$(stat -c %U "$run/www.r1")" = "$user"
    check 'it answers' quiet stekctl status
    first=$(pid_of)
    check 'start again' init start
    check 'is nothing new' test "$first" = "$(pid_of)"
    echo 'keyset "www" { }  keyset "mail" { }' >"$conf"
    check 'reload' init reload
    check 'does it' wait_for 60 test -f "$run/mail.r1"
    echo 'faulty' >"$conf"
    check 'reload of a faulty file fails' ends 1 init reload
    check 'and restart, before anything is stopped' ends 1 init restart
    check 'so the first one still runs' test "$first" = "$(pid_of)" -a -d "/proc/$first"
    echo 'keyset "www" { }  keyset "mail" { }' >"$conf"
    names=$(names)
    check 'restart' init restart
    check 'is another process' test "$first" != "$(pid_of)"
    pids="$pids $(pid_of)"
    check 'with the same keys' test "$names" = "$(names)"
    check 'stop' init stop
    check 'the ring stays' test -f "$run/www.r1"
    check 'stop again' init stop
    check 'try-restart where none runs' init try-restart
    check 'starts none' ends 3 init status
    check 'another word is a usage error' ends 2 init now
else
    skip 'the init script' 'no start-stop-daemon here'
fi
finish
