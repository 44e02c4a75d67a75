#!/bin/sh
# The examples compile against what is installed, with pkg-config alone, and do what they show, under
# the address and undefined-behaviour sanitizers.
set -u
STEK_NGINX=none
. "${0%/*}/../system/frame.sh"
cc=${CC:-cc}
examples=$(cd "${0%/*}/../../examples" && pwd)
dest=$tmp/dest

meson install -C "$STEK_BUILD" --no-rebuild --destdir "$dest" >"$tmp/install.log" 2>&1 ||
    bail "cannot be installed"
pc=$(find "$dest" -name stek-openssl.pc)
PKG_CONFIG_PATH=${pc%/*}
PKG_CONFIG_SYSROOT_DIR=$dest
LD_LIBRARY_PATH=${pc%/pkgconfig/*}
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH

compile() { # compile NAME
    # shellcheck disable=SC2046,SC2086 # words
    $cc -std=gnu17 -g -Wall -Wextra -Werror -fsanitize=address,undefined -o "$tmp/$1" "$examples/$1.c" \
        $(pkg-config --cflags --libs stek-openssl) 2>>"$tmp/compile.log"
}

short() { # short NAME LINES: code, without the comment that it begins with
    [ "$(awk '/^#include/ { on = 1 } on' "$examples/$1.c" | wc -l)" -le "$2" ]
}

# start NAME ARGUMENT...: on a free port, which $port is then.
start() {
    program=$1
    shift
    port=$("$client" free-ports 1)
    "$tmp/$program" "127.0.0.1:$port" "$tmp/a.test.pem" "$tmp/a.test.key" "$@" \
        >>"$tmp/$program.log" 2>&1 &
    pids="$pids $!"
    wait_for 60 "$client" "$port" || bail "$program does not answer"
}

# ask PORT [tlsclient arguments]
ask() {
    to=$1
    shift
    line=$("$client" "$@" "$to" 2>&1)
}

# resumes FROM TO VERSION SNI [SNI at TO]
resumes() {
    ask "$1" -v "$3" -n "$4" -o "$tmp/session" && is full &&
        ask "$2" -v "$3" -n "${5:-$4}" -i "$tmp/session" && is resumed
}

gives_no_ticket() {
    ask "$1" -v 1.3 && is full tickets=0
}

# full_at FROM TO VERSION SNI [SNI at TO]: a ticket is given, and no more than a full handshake made
# of it elsewhere.
full_at() {
    rm -f "$tmp/session"
    ask "$1" -v "$3" -n "$4" -o "$tmp/session" && is full && [ -s "$tmp/session" ] &&
        ask "$2" -v "$3" -n "${5:-$4}" -i "$tmp/session" && is full
}

# other_resumes: a ticket is resumed by the process that was forked; pids has it then.
other_resumes() {
    ask "$port" -v 1.3 -n a.test -i "$tmp/session" && is resumed || return 1
    case " $pids " in
    *" $(field served) "*) return 1 ;;
    esac
    pids="$pids $(field served)"
}

make_cert a.test
for name in server_ring server_local server_own_keys; do
    check "$name compiles with what is installed" compile "$name"
done
check "server_ring is 40 lines" short server_ring 40
check "server_local is 40 lines" short server_local 40

start_stekd
start server_ring "$ring"
first=$port
start server_ring "$ring"
for version in 1.2 1.3; do
    check "server_ring: another server resumes, TLS $version" resumes "$first" "$port" "$version" a.test
done

start server_local
for version in 1.2 1.3; do
    check "server_local: resumes, TLS $version" resumes "$port" "$port" "$version" a.test
done
check "server_local: its other process too" wait_for 60 other_resumes
check "server_local: its keys are its own" full_at "$port" "$first" 1.3 a.test

head -c 32 /dev/urandom >"$tmp/master"
head -c 32 /dev/urandom >"$tmp/other"
start server_own_keys "$tmp/master"
first=$port
start server_own_keys "$tmp/master"
for version in 1.2 1.3; do
    check "server_own_keys: one master secret, TLS $version" resumes "$first" "$port" "$version" a.test
    check "server_own_keys: another name, TLS $version" full_at "$first" "$port" "$version" a.test b.test
done
check "server_own_keys: no name, no ticket" gives_no_ticket "$port"
start server_own_keys "$tmp/other"
check "server_own_keys: another master secret" full_at "$first" "$port" 1.3 a.test
finish
