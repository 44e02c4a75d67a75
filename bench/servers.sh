#!/bin/sh
# Resumptions by real servers as packaged: with stek upon with their own keys, of a file. Prints
# rows of the table of `make bench`. From the environment: what frame.sh and servers.sh ask for.
here=${0%/*}
# shellcheck source=tests/system/frame.sh
. "$here/../tests/system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "$here/../tests/system/servers.sh"

failed=0
make_both a.test
head -c 80 /dev/urandom >"$tmp/own"
for _ in 1 2 3; do
    head -c 80 /dev/urandom | base64 -w 0
    echo
done >"$tmp/own.base64"
start_stekd

# All on one processor: which of them a server runs on would matter more than what is measured.
taskset -pc "$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')" $$ >/dev/null 2>&1

# measure VERSION NAME=SOCKET=PID...
measure() {
    "$STEK_BUILD/bench/bench_resume" "$@" || {
        show_logs >&2
        failed=1
    }
}

# start_one NAME KIND WHAT [DIRECTIVES]: nginx with one worker; adds it to `all`.
start_one() {
    name=$1
    server a.test "${4:-}" | nginx_conf "$1" "$2"
    sed -i 's/^worker_processes 2/worker_processes 1/' "$tmp/$1.conf"
    run_nginx "$1" "$2"
    set -- "$1" "$3=$tmp/$1.sock=$(workers "$1")"
    all="$all|$2"
}

if [ -x "$nginx" ]; then
    all=
    start_one own none "nginx, ssl_session_ticket_key" "ssl_session_ticket_key $tmp/own;"
    start_one module module "nginx, module"
    start_one preload preload "nginx, preload"
    IFS='|'
    # shellcheck disable=SC2086 # names have spaces
    set -- ${all#|}
    unset IFS
    measure 1.2 "$@"
    measure 1.3 "$@"
fi

# haproxy NAME PRELOAD [BIND_OPTIONS]: HAProxy with one thread; $! is its process.
haproxy() {
    cat <<EOT >"$tmp/$1.conf"
global
    nbthread 1
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend tls
    bind unix@$tmp/$1.sock ssl crt $tmp/a.test.both $3
    http-request return status 200
EOT
    env ${2:+LD_PRELOAD="$2"} STEK_RING="$ring" "$root/usr/sbin/haproxy" -db -f "$tmp/$1.conf" \
        >>"$tmp/$1.log" 2>&1 &
    pids="$pids $!"
    eval "pid_$1=$!"
    wait_for 20 "$client" "unix:$tmp/$1.sock" || bail "haproxy does not answer"
}

root=${STEK_SERVERS:?a folder}/haproxy
[ -x "$root/usr/sbin/haproxy" ] || root=
if [ -x "$root/usr/sbin/haproxy" ]; then
    haproxy keys "" "tls-ticket-keys $tmp/own.base64"
    haproxy none "" ""
    haproxy stek "$preload" ""
    # made by eval
    # shellcheck disable=SC2154
    {
        of_file="HAProxy, tls-ticket-keys=$tmp/keys.sock=$pid_keys"
        of_openssl="HAProxy, no option=$tmp/none.sock=$pid_none"
        of_stek="HAProxy, preload=$tmp/stek.sock=$pid_stek"
    }
    measure 1.2 "$of_file" "$of_stek"
    # from its file HAProxy sends no new ticket when it resumes; OpenSSL with keys of its own does
    measure 1.3 "$of_openssl" "$of_stek"
fi
exit "$failed"
