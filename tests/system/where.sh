#!/bin/sh
# Where servers live: nginx in containers and chroots, as mount and user namespaces make them, reads
# the ring of a stekd outside, if it is given what docs/where.md says; and says so if it is not.
# Needs root, who makes these places. Then the rules for AppArmor and SELinux, which compile.
# shellcheck source=tests/system/frame.sh disable=SC2154,SC2034 # of frame.sh
. "${0%/*}/frame.sh"

top=${0%/*}/../..
place=$tmp/place
servers=${STEK_SERVERS:-none}

# The inside of a container, made by whoever runs this in a mount namespace of its own: the
# programs, /proc as $1 says, the ring read-only, what servers count if $2 is count.
cat >"$tmp/inside" <<'INSIDE'
set -e
if [ "$1" = private_tmp ]; then # as outside, but for /tmp, where only what is tried is seen
    mount -t tmpfs -o mode=755 tmpfs /mnt
    mkdir -m 1777 /mnt/tmp
    mkdir /mnt/stek
    mount --bind "$run" /mnt/stek
    for folder in "$tmp" "$STEK_BUILD" "$nginx_root"; do
        case $folder in
        /tmp/*)
            mkdir -p "/mnt$folder"
            mount --bind "$folder" "/mnt$folder"
            ;;
        esac
    done
    mount --rbind /mnt/tmp /tmp
    exec "$nginx" -c "$tmp/private.conf"
fi
mount -t tmpfs -o mode=755 tmpfs "$place"
mkdir -p "$place/run/stek" "$place/usr" "$place/etc" "$place/proc" "$place/dev" "$place/$tmp" "$place/tmp"
chmod 1777 "$place/tmp"
for link in bin lib lib64 sbin; do
    ln -s "usr/$link" "$place/$link"
done
cp /etc/passwd /etc/group "$place/etc"
for folder in /usr /dev "$tmp" "$STEK_BUILD" "$nginx_root"; do
    mkdir -p "$place/$folder"
    mount --rbind "$folder" "$place/$folder"
done
mkdir "$place/shared"
mount --bind "$tmp/shared" "$place/shared"
mount --bind "$run" "$place/run/stek"
mount -o remount,ro,bind "$place/run/stek"
[ "$2" != count ] || mount --bind "$run/count/www" "$place/run/stek/count/www"
case $1 in
proc) mount --rbind /proc "$place/proc" ;;
pids) mount -t proc -o subset=pid proc "$place/proc" ;;
boot_id)
    mkdir -p "$place/proc/sys/kernel/random"
    touch "$place/proc/sys/kernel/random/boot_id"
    mount --bind /proc/sys/kernel/random/boot_id "$place/proc/sys/kernel/random/boot_id"
    ;;
esac
cd "$place"
exec chroot . "$nginx" -c "$tmp/inside.conf"
INSIDE

# enter PROC COUNT COMMAND...: nginx there; COMMAND makes the namespaces. server_pid is its id.
enter() {
    set -- "$@" sh "$tmp/inside" "$1" "$2"
    shift 2
    rm -rf "$tmp/inside.log" "$tmp/inside.stderr.log" "$tmp/inside.sock" "$tmp/inside.t"
    "$@" 2>>"$tmp/inside.stderr.log" &
    server_pid=$!
    pids="$pids $server_pid"
}

answers() {
    wait_for 60 "$client" "unix:$tmp/inside.sock"
}

resumes() {
    for version in TLSv1.2 TLSv1.3; do
        crosses "$version" a.test outside inside || return 1
        crosses "$version" a.test inside outside || return 1
    done
}

# told TEXT: by a server that does not start, or goes without tickets.
told() {
    line=$(cat "$tmp/inside.stderr.log" "$tmp/inside.log" 2>/dev/null)
    case $line in
    *"$1"*) ;;
    *) return 1 ;;
    esac
}

fails() {
    ! "$@"
}

# counted: stekd knows of that server.
counted() {
    stekctl status | grep -q " $server_pid "
}

can_enter() {
    unshare -m true 2>/dev/null && setpriv --reuid 12345 --regid 12345 --clear-groups unshare -m -U -r true 2>/dev/null
}

if [ "$(id -u)" -eq 0 ] && can_enter; then
    group=$(awk -F: '$3 > 0 && $3 < 65534 { print $1; exit }' /etc/group)
    gid=$(awk -F: '$3 > 0 && $3 < 65534 { print $3; exit }' /etc/group)
    nginx_root=$(cd "$servers/nginx" && pwd -P)
    nginx=$nginx_root/usr/sbin/nginx
    export place tmp run nginx nginx_root STEK_BUILD
    mkdir "$place" "$tmp/shared"
    make_cert a.test
    chmod 755 "$tmp"
    chmod 644 "$tmp/a.test.key"
    # stekd as a user of its own, as its service is
    mkdir "$run"
    chown 23456 "$run"
    stekd_env="env ASAN_OPTIONS=detect_leaks=0 setpriv --reuid 23456 --regid 23456 --groups $gid"
    start_stekd "rotate = 7d lifetime = 12h group = \"$group\""
    start_nginx outside module
    ring=/run/stek/www.r1
    name=inside
    server a.test | nginx_conf inside module

    enter proc none unshare -m
    check 'a container with the ring, read-only' answers
    check 'tickets resume inside and outside' resumes
    check 'what it does is not counted' fails counted
    stop "$server_pid"
    enter proc count unshare -m
    check 'a container with the ring, and what servers count to be written' answers
    check 'tickets resume there, too' resumes
    check 'what it does is counted' wait_for 60 counted
    stop "$server_pid"

    sed 's|stek_ring .*|stek_ring /mnt/stek/www.r1;|' "$tmp/inside.conf" >"$tmp/private.conf"
    mkdir "/tmp/${tmp##*/}.outside"
    enter private_tmp none unshare -m
    check 'a server with PrivateTmp=' answers
    check 'has a /tmp of its own' fails test -e "/proc/$server_pid/root/tmp/${tmp##*/}.outside"
    rmdir "/tmp/${tmp##*/}.outside"
    check 'tickets resume there, and outside' resumes
    check 'what it does is counted, too' wait_for 60 counted
    stop "$server_pid"

    enter proc none unshare -m setpriv --bounding-set -dac_override,-dac_read_search --clear-groups
    check 'root without the capability and the group may not read it' wait_for 60 told 'Permission denied'
    stop "$server_pid"
    enter proc none unshare -m setpriv --bounding-set -dac_override,-dac_read_search --groups "$gid"
    check 'root without the capability, in the group, may' answers
    check 'tickets resume there as well' resumes
    stop "$server_pid"

    enter boot_id none unshare -m
    check 'a chroot with the ring and the id of the boot' answers
    check 'tickets resume there' resumes
    stop "$server_pid"
    for proc in none pids; do
        enter $proc none unshare -m
        check "a chroot that does not show it ($proc): the server tells" wait_for 60 told 'No such file or directory'
        stop "$server_pid"
    done

    # as rootless containers are: root inside is a user like others outside
    chmod 777 "$tmp"
    sed -i '1a user root;' "$tmp/inside.conf"
    rootless="setpriv --reuid 12345 --regid 12345 --groups"
    # shellcheck disable=SC2086 # words
    enter proc none $rootless 12345 unshare -m -U -r
    check 'root of a user namespace may not read it' wait_for 60 told 'Permission denied'
    stop "$server_pid"
    # shellcheck disable=SC2086
    enter proc none $rootless "12345,$gid" unshare -m -U -r
    check 'one that keeps the group of the keyset may' answers
    check 'tickets resume there' resumes
    stop "$server_pid"
    # seen from there, root and everybody else are one in a folder like /tmp that both sides have
    mkdir "$tmp/shared/stek"
    cp -a "$run/www.r1" "$tmp/shared/stek/www.r1"
    chmod 1777 "$tmp/shared"
    chown -R 34567 "$tmp/shared/stek"
    chgrp "$gid" "$tmp/shared/stek/www.r1"
    sed -i "s|stek_ring .*|stek_ring /shared/stek/www.r1;|" "$tmp/inside.conf"
    # shellcheck disable=SC2086
    enter proc none $rootless "12345,$gid" unshare -m -U -r
    check 'a ring that anybody may have put there is not read' wait_for 60 told 'not safe to use'
    stop "$server_pid"
else
    skip 'containers, chroots, user namespaces' 'needs root and namespaces'
fi

# ---- rules for AppArmor and SELinux ----

quiet() {
    line=$("$@" 2>&1)
}

apparmor=$servers/apparmor
if [ -x "$apparmor/sbin/apparmor_parser" ]; then
    mkdir -p "$tmp/rules/abstractions"
    cp "$top/contrib/apparmor/stek" "$tmp/rules/abstractions/stek"
    cat >"$tmp/rules/server" <<'RULES'
abi <abi/3.0>,
include <tunables/global>
profile server /usr/sbin/server {
  include <abstractions/base>
  include <abstractions/stek>
}
RULES
    parse() {
        line=$("$apparmor/sbin/apparmor_parser" -QTK -I "$tmp/rules" -I "$apparmor/etc/apparmor.d" "$1" 2>&1)
    }
    check 'AppArmor: the rules for servers' parse "$tmp/rules/server"
    check 'AppArmor: the profile of stekd' parse "$top/contrib/apparmor/usr.sbin.stekd"
    sed 's/,$//' "$top/contrib/apparmor/usr.sbin.stekd" >"$tmp/rules/faulty"
    check 'AppArmor: a fault would be found' fails parse "$tmp/rules/faulty"
else
    skip 'AppArmor' 'no apparmor_parser here'
fi
if command -v checkmodule >/dev/null && command -v semodule_package >/dev/null; then
    check 'SELinux: the module compiles' quiet checkmodule -M -m -o "$tmp/stek.mod" \
        "$top/contrib/selinux/stek.te"
    check 'SELinux: and is packaged with its labels' quiet semodule_package -o "$tmp/stek.pp" \
        -m "$tmp/stek.mod" -f "$top/contrib/selinux/stek.fc"
else
    skip 'SELinux' 'no checkmodule here'
fi
finish
