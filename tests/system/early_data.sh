#!/bin/sh
# 0-RTT, which nginx and HAProxy take if told to: with the ring's tickets, also of another server, as
# long as their key is there. (Under another name clients send none; the adapter's suite does.)
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need haproxy usr/sbin/haproxy
make_both a.test
start_stekd
printf 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n' >"$tmp/request"

# nginx, one with the module and one with the preload
for name in module preload; do
    server a.test "ssl_early_data on;" | nginx_conf $name $name
    run_nginx $name $name
done

launch_server() {
    cat <<EOT >"$tmp/$1.conf"
defaults
    mode http
    timeout client 60s
    timeout connect 60s
    timeout server 60s
frontend tls
    bind unix@$tmp/$1.sock ssl crt $tmp/a.test.both allow-0rtt
    http-request return status 200 content-type text/plain string "a.test"
EOT
    preloaded "$1" "$root/usr/sbin/haproxy" -db -f "$tmp/$1.conf"
}
run_server haproxy
run_server haproxy-2

# early SERVER FILE [-ign_eof]: offer that ticket with a request in the first flight; wait for an
# answer.
early() {
    openssl s_client -unix "$tmp/$1.sock" -servername a.test -sess_in "$2" -early_data "$tmp/request" \
        ${3:-} </dev/null >"$tmp/early.out" 2>&1
    line=$(grep -E '^(Early data was|Reused|New)' "$tmp/early.out" | tr '\n' ' ')
}

# is_taken FROM TO: with a ticket of the ring.
is_taken() {
    take "$1" 1.3 a.test "$tmp/early" && is "key=$(sealing_key)" || return 1
    early "$2" "$tmp/early" -ign_eof && grep -q '^Early data was accepted' "$tmp/early.out" &&
        grep -q 'a\.test$' "$tmp/early.out"
}

take_all() {
    for server in module preload haproxy; do
        take $server 1.3 a.test "$tmp/before.$server" || return 1
    done
}

# are_refused: tickets of before; the connection goes on without, and the handshake is a full one.
are_refused() {
    for server in module preload haproxy; do
        early $server "$tmp/before.$server"
        grep -q '^Early data was rejected' "$tmp/early.out" &&
            grep -q '^New, TLSv1.3' "$tmp/early.out" || return 1
    done
}

revoke_all() {
    stekctl revoke --all >/dev/null
}

check "nginx: early data is taken with a ticket of the ring" is_taken module module
check "nginx: also with the preload" is_taken preload preload
check "nginx: also by the other server" is_taken module preload
check "nginx: and the other way round" is_taken preload module
check "HAProxy: early data is taken with a ticket of the ring" is_taken haproxy haproxy
check "HAProxy: also by the other server" is_taken haproxy haproxy-2
take_all
check "revocation" revoke_all
check "nginx and HAProxy: no early data with a ticket whose key is revoked" are_refused
finish
