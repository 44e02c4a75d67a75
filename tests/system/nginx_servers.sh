#!/bin/sh
# nginx_servers.sh module|preload - two nginx, one with a ticket key of its own.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

kind=$1
make_cert a.test
start_stekd
head -c 80 /dev/urandom >"$tmp/own"

launch_server() {
    name=$1
    own=
    [ "$name" = two ] || own="ssl_session_ticket_key $tmp/own;"
    server a.test "$own" | nginx_conf "$name" "$kind"
    launch "$name" "$kind"
}

reload_server() {
    signal_server "$1" HUP
}

run_server one
run_server two
prove_server one two
finish
