#!/bin/sh
# The life of the packages, from within a root of its own; test.sh starts it, alone or under systemd.
# inside.sh ALONE|SYSTEMD: /debs has the packages, /debs/next the same a version later.
set -u
how=$1
ok=0
bad=0
libraries=/usr/lib/$(uname -m)-linux-gnu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin

check() { # check WHAT COMMAND...
    what=$1
    shift
    if "$@" >/tmp/said 2>&1; then
        ok=$((ok + 1))
        echo "ok - $how: $what"
    else
        bad=$((bad + 1))
        echo "not ok - $how: $what"
        tail -n 8 /tmp/said | sed 's/^/# /'
    fi
}

wait_for() { # wait_for COMMAND...: until it succeeds, 20 s at most
    for _ in $(seq 200); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

files() { # all but what is the package manager's own, or written by whoever runs
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /debs -o -path /run -o \
        -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/nginx \) -prune -o -print |
        grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid|ld\.so\.cache)(-|$)|^/etc/\.pwd\.lock$|/python3/' | sort
}

names() { # of the keys, without those that a restart adds
    stekctl keys --json | tr ',' '\n' | sed -n 's/.*"name": *"\([0-9a-f]*\)".*/\1/p' | sort
}

runs() {
    stekctl status --json >/dev/null && [ "$(ps -o user= -C stekd)" = stek ]
}

stopped() {
    ! ps -C stekd >/dev/null
}

keeps_keys() { # none of those in /tmp/keys has gone
    runs && names >/tmp/keys.now && ! comm -23 /tmp/keys /tmp/keys.now | grep .
}

restart() {
    if [ "$how" = SYSTEMD ]; then
        systemctl restart stekd
    else
        service stekd restart
    fi
}

crash() { # the service manager starts it again
    pid=$(pidof stekd) && kill -9 "$pid" && wait_for started_again
}

started_again() {
    ps -C stekd -o pid= >/tmp/pids && [ -s /tmp/pids ] && [ "$(tr -d ' ' </tmp/pids)" != "$pid" ] && runs
}

reloads() { # and refuses a fault, with all as it was
    echo 'keyset "more" { rotate = 2h }' >>/etc/stek/stekd.conf && systemctl reload stekd && wait_for lists_more &&
        sed -i 's/= 2h/= 2x/' /etc/stek/stekd.conf && ! systemctl reload stekd && lists_more &&
        sed -i '/"more"/d' /etc/stek/stekd.conf && systemctl reload stekd && wait_for forgot_more
}

lists_more() {
    stekctl status --json | grep -q '"more"'
}

forgot_more() {
    ! lists_more
}

enabled() {
    systemctl is-active stekd && systemctl is-enabled stekd
}

serve() { # nginx, with the module and the keys of the package's configuration
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.com -keyout /tmp/key.pem -out /tmp/cert.pem &&
        cat >/tmp/nginx.conf <<CONF
include /etc/nginx/modules-enabled/*.conf;
events {}
http {
    stek_ring default;
    server {
        listen 127.0.0.1:4433 ssl;
        ssl_certificate /tmp/cert.pem;
        ssl_certificate_key /tmp/key.pem;
    }
}
CONF
    nginx -c /tmp/nginx.conf
}

connect() { # connect OPTIONS...: what became of a session, "New" or "Reused"
    openssl s_client -connect 127.0.0.1:4433 -tls1_2 "$@" </dev/null 2>/dev/null | sed -n 's/^\(New\|Reused\), TLS.*/\1/p'
}

resumes() {
    [ "$(connect -sess_out /tmp/session)" = New ] && [ "$(connect -sess_in /tmp/session)" = Reused ]
}

resumes_no_more() {
    stekctl revoke --all && [ "$(connect -sess_in /tmp/session)" = New ]
}

builds() { # what a program is built with leads to what is there
    for name in stek stek-openssl; do
        [ -e "$libraries/lib$name.so" ] && grep -qx "Libs: -L.*-l$name" "$libraries/pkgconfig/$name.pc" || return 1
    done
    [ -e /usr/include/stek/stek.h ] && [ -e /usr/include/stek/openssl.h ]
}

preloads() {
    STEK_RING=default LD_PRELOAD="$libraries/stek/stek-preload.so" openssl version
}

files >/tmp/before
check "packages install" dpkg -i /debs/*.deb
check "the service runs, as its own user" wait_for runs
check "its configuration is the one line" grep -qx 'keyset "default" { rotate = 1h  lifetime = 12h }' /etc/stek/stekd.conf
check "some key seals" sh -c 'stekctl keys | grep -q sealing'
[ "$how" = ALONE ] || check "systemd has it active, and enabled" enabled
check "headers, libraries and pkg-config files lead to each other" builds
check "the preload loads" preloads
check "nginx starts with the module" serve
check "nginx resumes with the keys of the service" resumes
names >/tmp/keys
check "it restarts" restart
check "a restart loses no key" wait_for keeps_keys
if [ "$how" = SYSTEMD ]; then
    check "killed, it is started again" crash
    check "and no key is lost" wait_for keeps_keys
    check "it reloads, and refuses a fault" reloads
fi
echo '# a line of the administrator' >>/etc/stek/stekd.conf
check "packages upgrade" dpkg -i /debs/next/*.deb
check "an upgrade loses no key" wait_for keeps_keys
check "the new version runs" sh -c 'stekctl status | grep -q . && dpkg -s stek | grep -q "^Version: .*+1"'
check "an upgrade leaves the configuration alone" grep -q administrator /etc/stek/stekd.conf
check "nginx still resumes" resumes
check "a ticket ends when all keys are revoked" resumes_no_more
check "setup writes units" sh -c "stekctl setup --reload nginx && test -e /etc/systemd/system/stek-reload-default-nginx.path"
check "packages are removed" dpkg -r stek libnginx-mod-http-stek stek-preload libstek-dev libstek-openssl0 libstek0
check "the service has stopped" wait_for stopped
check "the configuration is still there" test -e /etc/stek/stekd.conf
check "nginx starts without the module" sh -c 'nginx -c /tmp/nginx.conf -s stop; nginx -t'
check "packages are purged" dpkg -P stek libnginx-mod-http-stek stek-preload libstek-dev libstek-openssl0 libstek0
check "no ring is left" sh -c '! ls /run/stek/*.r1'
files >/tmp/after
check "no file is left" diff /tmp/before /tmp/after
echo "$ok passed, $bad failed"
