#!/bin/sh
# Two HAProxy under the preload, one with ticket keys of its own, in master-worker mode.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need haproxy usr/sbin/haproxy
haproxy=$root/usr/sbin/haproxy
make_both a.test
start_stekd
for _ in 1 2 3; do
    head -c 80 /dev/urandom | base64 -w 0
    echo
done >"$tmp/own"

# haproxy_conf NAME [BIND_OPTIONS]
haproxy_conf() {
    cat <<EOT >"$tmp/$1.conf"
global
    stats socket unix@$tmp/$1.admin level admin expose-fd listeners
defaults
    mode http
    timeout client 60s
    timeout connect 60s
    timeout server 60s
frontend tls
    bind unix@$tmp/$1.sock ssl crt $tmp/a.test.both $2
    http-request return status 200 content-type text/plain string "a.test"
EOT
}

haproxy_conf one "tls-ticket-keys $tmp/own"
haproxy_conf two

launch_server() {
    preloaded "$1" "$haproxy" -W -db -f "$tmp/$1.conf"
}

reload_server() {
    signal_server "$1" USR2
}

run_server one
run_server two
prove_server one two
finish
