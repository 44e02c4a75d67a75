#!/bin/sh
# The packages of `make deb` in minimal roots: one without an init system, one that systemd boots.
# They install, run, upgrade and go; ends with the line `N passed, N failed`. Needs root.
set -eu
cd "$(dirname "$0")/../.."
debs=$PWD/build/deb
here=$PWD/tests/packages
[ "$(id -u)" = 0 ] || {
    echo "packages: needs root, to make roots of its own: sudo $0" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What our packages ask for, but themselves.
needs() {
    for deb in "$debs"/*.deb; do
        dpkg-deb -f "$deb" Pre-Depends Depends | sed 's/^[^:]*: //' | tr ',' '\n' |
            sed 's/|.*//; s/(.*//; s/[[:space:]]//g; s/:any$//'
    done | sort -u | grep -vE '^(lib)?stek|^libnginx-mod-http-stek|^systemd|^nginx-abi|^$' | tr '\n' ','
}

# The same packages, a version later.
later() {
    for deb in "$debs"/*.deb; do
        rm -rf "$work/next"
        dpkg-deb -R "$deb" "$work/next"
        version=$(dpkg-deb -f "$deb" Version)
        sed -i "s/^Version: .*/Version: $version+1/; s/(= $version)/(= $version+1)/g" "$work/next/DEBIAN/control"
        dpkg-deb --root-owner-group -Zgzip -z1 -b "$work/next" "$1" >/dev/null
    done
}

# make_root NAME PACKAGES
make_root() {
    echo "packages: a minimal root with $2"
    mmdebstrap -q --variant=minbase --mode=root --include="$(needs)$2,nginx,openssl,procps" \
        "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$work/$1" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        exit 1
    }
    mkdir -p "$work/$1/debs/next"
    cp "$debs"/*.deb "$work/$1/debs/"
    rm -f "$work/$1"/debs/*-dbgsym_*
    cp "$work"/later/*.deb "$work/$1/debs/next/"
    cp "$here/inside.sh" "$work/$1/debs/"
}

mkdir "$work/later"
later "$work/later"
rm -f "$work"/later/*-dbgsym_*

make_root alone systemd-standalone-sysusers
# where no init system runs, Debian starts services only if told to
printf '#!/bin/sh\nexit 0\n' >"$work/alone/usr/sbin/policy-rc.d"
chmod +x "$work/alone/usr/sbin/policy-rc.d"
# all that it starts ends with its process namespace
# shellcheck disable=SC2016 # for the shell inside
unshare --mount --pid --fork --kill-child sh -c '
    mount -t proc proc "$1/proc" && mount -t tmpfs -o mode=755 tmpfs "$1/run" && exec chroot "$1" sh /debs/inside.sh ALONE' - \
    "$work/alone" | tee "$work/said"

make_root systemd systemd
cat >"$work/systemd/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh /debs/inside.sh SYSTEMD >/debs/said 2>&1'
ExecStopPost=/bin/systemctl --force --force poweroff
UNIT
mkdir -p "$work/systemd/etc/systemd/system/default.target.wants"
ln -s /etc/systemd/system/inside.service "$work/systemd/etc/systemd/system/default.target.wants/"
# shellcheck disable=SC2016
timeout --foreground 180 unshare --mount --pid --cgroup --uts --ipc --fork --kill-child sh -c '
    mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" &&
        mount -t tmpfs -o mode=755 tmpfs "$1/run" && mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup" &&
        exec env container=chroot chroot "$1" /lib/systemd/systemd --system' - "$work/systemd" </dev/null >"$work/boot" 2>&1 || true
if [ -s "$work/systemd/debs/said" ]; then
    tee -a "$work/said" <"$work/systemd/debs/said"
else
    echo "not ok - SYSTEMD: it does not boot here" | tee -a "$work/said"
    tail -n 20 "$work/boot" | sed 's/^/# /'
fi
passed=$(grep -c '^ok ' "$work/said") || true
failed=$(grep -c '^not ok ' "$work/said") || true
# each of the two came to its end
[ "$(grep -c ' passed, ' "$work/said")" = 2 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
