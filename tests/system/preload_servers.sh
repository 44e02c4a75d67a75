#!/bin/sh
# What servers may do of their own under stek-preload.so: callbacks, and a sandbox.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
start_stekd

# serve HOW: a server with callbacks of its own serves a client twice.
serve() {
    line=$(STEK_RING=$ring LD_PRELOAD=$preload "$STEK_BUILD/tests/system/own-callback" \
        "$tmp/a.test.pem" "$tmp/a.test.key" "$1" 2>&1)
}

has() {
    echo "$line" | grep -qx "$1"
}

# The names on tickets: all the key's that seals now.
is_sealed() {
    [ "$(echo "$line" | grep -Ex '[0-9a-f]{32}' | sort -u)" = "$(sealing_key)" ]
}

# counted EVENT: how often, by all servers that were or are.
counted() {
    stekctl --json status | tr -d ' \n' | sed 's/"servers":.*//' |
        sed -n "s/.*\"counters\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

has_counted() {
    [ "$(counted opened)" -eq "$1" ]
}

own_key() {
    serve key && is_sealed && has "resumed stk1" && ! has "own callback"
}

# The server's data is in the tickets, so no age is.
own_data() {
    opened=$(($(counted opened) + 1))
    serve data && is_sealed && has "own generate" && has "own decrypt" && has "resumed mine" &&
        wait_for 60 has_counted "$opened"
}

is_told() {
    [ "$(echo "$line" | grep -c "longer than max_session")" = 1 ]
}

undone() {
    opened=$(($(counted opened) + 1))
    serve undone && is_sealed && has "resumed stk1" && ! has "own generate" &&
        wait_for 60 has_counted "$opened"
}

# sandboxed: the ring is mapped before; root's files would be forbidden by other means, too.
sandboxed() {
    line=$(STEK_RING=$ring LD_PRELOAD=$1 "$STEK_BUILD/tests/system/sandboxed" 2>&1)
    [ "$line" = made ]
}

check "a server's own ticket key callback is not asked" own_key
check "its session ticket callbacks are, and what opens is counted" own_data
check "one line says what is lost" is_told
check "once they are taken back, tickets hold their age again" undone
check "a sandbox that forbids files lets OpenSSL make contexts" sandboxed ""
check "and the preload, too" sandboxed "$preload"
finish
