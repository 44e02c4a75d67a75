#!/bin/sh
# Where stek-preload.so cannot work it says so in one line at the first server context, and the
# server goes on; it is silent for programs that are no servers.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
mkdir -p "$run"

# with RING COMMAND...: run it preloaded; RING may be unset.
with() {
    if [ "$1" = unset ]; then
        shift
        line=$(LD_PRELOAD=$preload "$@" 2>&1)
    else
        STEK_RING=$1
        shift
        line=$(STEK_RING=$STEK_RING LD_PRELOAD=$preload "$@" 2>&1)
    fi
}

# `openssl ciphers -s` makes a server's context and ends.
server_context="openssl ciphers -s AES128-SHA"

# says RING TEXT: in one line, and the context is made.
says() {
    # shellcheck disable=SC2086 # words
    with "$1" $server_context || return 1
    [ "$(echo "$line" | grep -c stek-preload)" = 1 ] || return 1
    case $line in
    *"$2"*AES128-SHA*) ;;
    *) return 1 ;;
    esac
}

# silent RING COMMAND...: it prints what it prints without us, and ends as it does.
silent() {
    of=$1
    shift
    expected=$("$@" 2>&1)
    expected_status=$?
    with "$of" "$@"
    [ $? = "$expected_status" ] && [ "$line" = "$expected" ]
}

# Under a user who may not read the ring, if we can become one.
unreadable() {
    if [ "$(id -u)" = 0 ]; then
        cp "$preload" "$tmp/preload.so"
        chmod 711 "$tmp"
        preload=$tmp/preload.so
        server_context="setpriv --reuid=65534 --regid=65534 --clear-groups $server_context"
    else
        chmod 0 "$tmp/junk/open.r1"
    fi
    says "$tmp/junk/open.r1" "Permission denied"
}

# The server's own tickets, under a key that only it has.
own_tickets() {
    for version in 1.2 1.3; do
        crosses $version a.test "$1" "$1" || return 1
    done
}

check "STEK_RING is not set" says unset "STEK_RING is not set"
check "STEK_RING is empty: off, without a word" silent "" $server_context
check "no ring is there yet" says "$ring" "stekd must run first"
check "a name that cannot be" says "Not~a~name" "not a possible one"

mkdir "$tmp/junk"
head -c 100000 /dev/urandom >"$tmp/junk/www.r1"
chmod 400 "$tmp/junk/www.r1"
check "a file that is no ring" says "$tmp/junk/www.r1" "cannot read"
: >"$tmp/junk/empty.r1"
chmod 400 "$tmp/junk/empty.r1"
check "an empty file" says "$tmp/junk/empty.r1" "cannot read"
check "a folder" says "$run/." "ring \"$run/.\""

start_stekd
head -c 5000 "$ring" >"$tmp/junk/short.r1"
chmod 400 "$tmp/junk/short.r1"
check "a ring that was cut off" says "$tmp/junk/short.r1" "cannot read"
cp "$ring" "$tmp/junk/open.r1"
chmod 444 "$tmp/junk/open.r1"
check "a ring that others can read" says "$tmp/junk/open.r1" "lets others in"
chmod 620 "$tmp/junk/open.r1"
check "a ring that its group can write" says "$tmp/junk/open.r1" "lets others in"
chmod 400 "$tmp/junk/open.r1"
ln -s "$tmp/junk/open.r1" "$tmp/junk/link.r1"
check "a symbolic link" says "$tmp/junk/link.r1" "stek-preload: ring"
chmod 777 "$tmp/junk"
check "a folder that others can write" says "$tmp/junk/open.r1" "lets others in"
check "a ring that works: no word" silent "$ring" $server_context

STEK_LABEL=$(head -c 300 /dev/zero | tr '\0' x)
export STEK_LABEL
check "a label that is too long" says "$ring" "STEK_LABEL is too long"
STEK_LABEL=short
check "a label: no word" silent "$ring" $server_context
unset STEK_LABEL

check "a program without TLS: no word" silent "$tmp/none/x.r1" sh -c :
check "a program with libssl that makes no context: no word" silent "$tmp/none/x.r1" openssl version
check "a TLS client: no word" silent "$tmp/none/x.r1" "$client" "unix:$tmp/none/sock"

# shellcheck disable=SC2034 # server uses it
name=unsafe
server a.test | nginx_conf unsafe none
ring_ok=$ring
ring=$tmp/junk/open.r1
run_nginx unsafe preload
ring=$ring_ok
# It sets a callback once its context is made.
is_asked() {
    with "$tmp/junk/open.r1" "$STEK_BUILD/tests/system/own-callback" "$tmp/a.test.pem" \
        "$tmp/a.test.key" key
    case $line in
    *"own callback"*) ;;
    *) return 1 ;;
    esac
}

check "with an unusable ring the server's own ticket callback is asked" is_asked
check "with an unusable ring the server goes on with its own keys" own_tickets unsafe
check "a ring that may not be read" unreadable
finish
