#!/bin/sh
# Groups at the control socket, with real users: administrators may rotate and revoke, observers may
# look, others may not even connect; as a reload says it; also where stekd is an ordinary user that
# is in none of the groups.
# shellcheck disable=SC2016,SC2119,SC2317 # eval has the last word on quotes; check calls functions by name
set -u
# shellcheck source=tests/system/frame.sh disable=SC2154 # tmp, run: of frame.sh
. "${0%/*}/frame.sh"

if [ "$(id -u)" -ne 0 ]; then
    echo '1..0 # SKIP only root can become other users'
    exit 0
fi

# Groups of every Debian, by their numbers; the users need no names.
adm=4
staff=50
games=60
conf=$tmp/stekd.conf
chmod 755 "$tmp"
cp "$STEK_BUILD/src/stekctl" "$tmp/stekctl" # where it was built others may not come

# as UID GID GROUPS ARGUMENTS...: stekctl as that user; `line` is what it says.
as() {
    uid=$1
    gid=$2
    groups=$3
    shift 3
    # the leak checker looks into the process, which does not let other users do so
    line=$(ASAN_OPTIONS=detect_leaks=0 setpriv --reuid="$uid" --regid="$gid" --groups="$groups" \
        "$tmp/stekctl" -r "$run" "$@" 2>&1)
}

# refused UID GID GROUPS TEXT ARGUMENTS...: exit status 1, and that is said.
refused() {
    text=$4
    refused_uid=$1
    refused_gid=$2
    refused_groups=$3
    shift 4
    as "$refused_uid" "$refused_gid" "$refused_groups" "$@"
    status=$?
    case $line in
    *"$text"*) [ "$status" -eq 1 ] ;;
    *) false ;;
    esac
}

count_logged() {
    grep -c -- "$1" "$tmp/stekd.log"
}

logged_times() {
    [ "$(count_logged "$1")" -eq "$2" ]
}

reloads() {
    before=$(count_logged ' event=reload')
    kill -s HUP "$stekd" && wait_for 60 reloaded
}

reloaded() {
    [ "$(count_logged ' event=reload')" -gt "$before" ]
}

same() {
    line="$1 and $2"
    [ "$1" = "$2" ]
}

mode_of() {
    stat -c %a "$run/control"
}

# ---- no groups ----

printf 'keyset "www" { rotate = 7d }\n' >"$conf"
start_stekd
check 'without the section only the owner may connect' same 600 "$(mode_of)"
check 'a stranger may not' refused 12345 12345 "$adm,$games" \
    'only root, the user that stekd runs as and the groups named by control' status

# ---- two groups ----

printf 'control { admin = adm  observer = "games" }\nkeyset "www" { rotate = 7d }\n' >"$conf"
check 'reload with groups' reloads
key=$(sealing_key)
check 'an administrator looks' as 12345 12345 "$staff,$adm" status
check 'and rotates' as 12345 12345 "$staff,$adm" rotate
check 'also where it is the primary group' as 12346 "$adm" "$staff" rotate
another_seals() {
    [ "$(sealing_key)" != "$key" ]
}
check 'which is done' wait_for 60 another_seals
check 'and revokes' as 12345 12345 "$adm" revoke --only "$key"
check 'which the audit trail says' logged_times \
    ' event=order action=revoke keyset=www scope=only keys=1 peer_uid=12345 ' 1
check 'an observer looks' as 12347 12347 "$staff,$games" status
check 'at the keys, too' as 12347 12347 "$games" keys
check 'and over time' as 12347 "$games" "$staff" timeline
made=$(count_logged ' event=key-made ')
revoked=$(count_logged ' event=key-revoked ')
orders=$(count_logged ' event=order ')
begun=$(date +%s)
check 'but does not rotate' refused 12347 12347 "$games" \
    'only root, the user that stekd runs as and the members of adm may rotate and revoke' rotate
check 'nor revoke' refused 12347 12347 "$games" 'become a member and log in again' revoke --all
check 'which the audit trail says, too' logged_times \
    ' event=refused action="POST /v1/rotate" peer_uid=12347 ' 1
check 'no key was made for it' logged_times ' event=key-made ' "$made"
check 'and none revoked' logged_times ' event=key-revoked ' "$revoked"
check 'and nothing was ordered' logged_times ' event=order ' "$orders"
for order in init rekey\ --yes join 'join x' 'invite x'; do
    # shellcheck disable=SC2086 # words
    check "an administrator does not say who is in a farm: $order" refused 12345 12345 "$adm" \
        'may say who is in a farm' farm $order
done
check 'but may look which it is' as 12345 12345 "$adm" farm
check 'who is in both may order' as 12348 "$games" "$adm" rotate
check 'a stranger may not connect' refused 12349 12349 "$staff" 'may connect' status
check 'root may' as 0 0 0 rotate

# ---- a stranger or an observer does not fill the log ----

try_often() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        refused 12347 12347 "$games" 'may rotate and revoke' rotate || return 1
    done
}
check 'refused a dozen times more' try_often
# eight_a_minute: of those since the first one; in a slow test more than one may be over.
eight_a_minute() {
    told=$(count_logged ' event=refused ')
    line="$told told in $(($(date +%s) - begun)) s"
    [ "$told" -ge 8 ] && [ "$told" -le $((8 * (1 + ($(date +%s) - begun) / 60))) ]
}
check 'eight are told in a minute' eight_a_minute

# ---- a reload changes them ----

printf 'control { admin = games }\nkeyset "www" { rotate = 7d }\n' >"$conf"
check 'reload with another group' reloads
check 'whose members may order now' as 12347 12347 "$games" rotate
check 'and those of the first may not connect' refused 12345 12345 "$adm" 'may connect' status
printf 'control { admin = "no such group" }\nkeyset "www" { rotate = 7d }\n' >"$conf"
check 'reload with a group that is not there' reloads
check 'leaves them as they were' as 12347 12347 "$games" status
printf 'keyset "www" { rotate = 7d }\n' >"$conf"
check 'reload without groups' reloads
check 'nobody may connect' refused 12347 12347 "$games" 'may connect' status
check 'by the mode' same 600 "$(mode_of)"
stop "$stekd"

# ---- stekd as an ordinary user ----

run=$tmp/user/run
mkdir "$tmp/user"
chown 12000:12000 "$tmp/user"
printf 'control { admin = adm  observer = games }\nkeyset "www" { rotate = 7d }\n' >"$conf"
cp "$STEK_BUILD/src/stekd" "$tmp/stekd"
ASAN_OPTIONS=detect_leaks=0 setpriv --reuid=12000 --regid=12000 --clear-groups \
    "$tmp/stekd" -f -c "$conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
stekd=$!
pids=$stekd
check 'stekd as a user in none of the groups' wait_for 60 stekctl status
# what nobody may debug or dump, the kernel shows as root's
check 'no debugger of that user looks into it' same 0 "$(stat -c %u "/proc/$stekd/environ")"
check 'an administrator rotates' as 12345 12345 "$adm" rotate
check 'an observer looks' as 12347 12347 "$games" status
check 'and no more' refused 12347 12347 "$games" 'may rotate and revoke' rotate
check 'a stranger may not connect' refused 12349 12349 "$staff" 'may connect' status
check 'its own user may do everything' as 12000 12000 "$staff" rotate
stop "$stekd"

finish
