#!/bin/sh
# One port, several addresses, each with another default host: the module finds the host by the
# address that took the connection, as nginx does.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
make_cert b.test
start_stekd

# host NAME ADDRESS...: the default host of these addresses.
host() {
    echo "server { server_name $1;"
    echo "ssl_certificate $tmp/$1.pem; ssl_certificate_key $tmp/$1.key; return 200 $1;"
    shift
    for address in "$@"; do
        echo "listen $address ssl default_server;"
    done
    echo "}"
}

hosts() {
    # 127.0.0.1 is told apart by the address of the connection: only the wildcard is bound
    host a.test "127.0.0.1:$port" ${six:+"[::1]:$port"}
    host b.test "$port" ${six:+"[::]:$port"}
}

# start KIND: sets port. It was free a moment ago: another program may take it before nginx does.
start() {
    for try in 1 2 3 4 5; do
        port=$("$client" free-ports 1)
        hosts | nginx_conf "$1" "$1"
        launch "$1" "$1"
        wait_for 20 "$client" "127.0.0.1:$port" && return 0
        stop "$server_pid"
    done
    bail "nginx found no free port in $try tries"
}

six=1
"$client" "::1:1" 2>&1 | grep -q 'Connection refused' || six=
start preload
preload_port=$port
start module

# at ADDRESS:PORT VERSION [tlsclient arguments]
at() {
    target=$1 version=$2
    shift 2
    line=$("$client" -v "$version" "$@" "$target" 2>&1)
}

# served ADDRESS HOST
served() {
    at "$1:$port" 1.3 && is "served=$2"
}

# The preload sees the context that took the connection; the module must find the same one.
found() {
    for version in 1.2 1.3; do
        at "$1:$preload_port" $version -o "$tmp/s" && is full && at "$1:$port" $version -i "$tmp/s" &&
            is resumed || return 1
    done
}

# separate ADDRESS OTHER: its tickets are not resumed there.
separate() {
    for version in 1.2 1.3; do
        at "$1:$port" $version -o "$tmp/s" && is full && at "$2:$port" $version -i "$tmp/s" &&
            is full || return 1
    done
}

for address in 127.0.0.1 ${six:+::1}; do
    check "$address has a default host of its own" served $address a.test
    check "the module finds it" found $address
done
check "other addresses have another" served 127.0.0.2 b.test
check "the module finds it" found 127.0.0.2
check "tickets of the one are not resumed at the other" separate 127.0.0.1 127.0.0.2
check "nor the other way round" separate 127.0.0.2 127.0.0.1
finish
