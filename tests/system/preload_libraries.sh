#!/bin/sh
# Processes with several TLS libraries, and with such as are not OpenSSL 3: under stek-preload.so each
# program and plugin gets the functions that it gets without, and OpenSSL 3 the ring.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
start_stekd

# part LIBRARY: a plugin that uses it.
part() {
    echo "$STEK_BUILD/tests/system/tls-part-$1.so"
}

# host LIBRARY [PLUGIN_LIBRARY...]: a program that uses the first, and plugins; $line is what it prints
# preloaded, $said what stek-preload says, $before what it prints without.
host() {
    program=$STEK_BUILD/tests/system/tls-host-$1
    shift
    parts=
    for library in "$@"; do
        parts="$parts $(part "$library")"
    done
    # shellcheck disable=SC2086 # words
    before=$("$program" $parts) || return 1
    # shellcheck disable=SC2086 # words
    line=$(STEK_RING=$ring LD_PRELOAD=$preload "$program" $parts 2>"$tmp/said")
    status=$?
    said=$(cat "$tmp/said")
    [ "$status" = 0 ] && [ "$line" = "$before" ]
}

# has_ring LIBRARIES...: with the ring, and not a word.
has_ring() {
    host "$@" && [ "$said" = "has the ring" ] || {
        line="$line; $said"
        return 1
    }
}

# has_line TEXT LIBRARIES...: with one line of stek-preload, whatever becomes of the ring.
has_line() {
    text=$1
    shift
    host "$@" && [ "$(echo "$said" | grep -c stek-preload)" = 1 ] || return 1
    case $said in
    *"$text"*) ;;
    *) return 1 ;;
    esac
}

# told_with_ring TEXT LIBRARIES...: that, and OpenSSL 3 has the ring.
told_with_ring() {
    has_line "$@" && echo "$said" | grep -qx "has the ring"
}

has_own_context() {
    host "$@" && case $line in
    *another*) return 1 ;;
    esac
}

# told_without_ring TEXT LIBRARIES...: that, and nothing is mapped.
told_without_ring() {
    has_line "$@" && ! echo "$said" | grep -qx "has the ring"
}

ring_beside() {
    line=$(STEK_RING=$ring LD_PRELOAD=$preload "$STEK_BUILD/tests/system/own-callback" \
        "$tmp/a.test.pem" "$tmp/a.test.key" key "$(part openssl11)" 2>/dev/null) &&
        [ "$(echo "$line" | grep -cx "$(sealing_key)")" -gt 0 ] &&
        echo "$line" | grep -qx "plugin: OpenSSL 1.1.1w .*, its own context" &&
        echo "$line" | grep -q "^resumed"
}

is_1_1="OpenSSL 1.1.1w  11 Sep 2023 is not OpenSSL 3"
check "a program with OpenSSL 3 has the ring" has_ring openssl
check "so has one whose plugin brings OpenSSL 3" has_ring none openssl
check "OpenSSL 1.1 beside OpenSSL 3: both work, with the ring, and it is told" \
    told_with_ring "a second TLS library" openssl openssl11
check "also the other way round" told_with_ring "$is_1_1" openssl11 openssl
check "also where both come with plugins" told_with_ring "$is_1_1" none openssl11 openssl
check "also in the other order" told_with_ring "a second TLS library" none openssl openssl11
check "each makes contexts of its own" has_own_context openssl11 openssl openssl11
check "tickets are the ring's, with OpenSSL 1.1 in a plugin" ring_beside
check "OpenSSL 1.1 alone works" has_own_context openssl11
check "it is told, and has no ring" told_without_ring "$is_1_1" openssl11
check "also in a plugin" told_without_ring "$is_1_1" none openssl11
check "LibreSSL alone: told" has_line "LibreSSL 3.8.2 is not OpenSSL 3" libressl
check "LibreSSL in a plugin before OpenSSL 3: told, with the ring" \
    told_with_ring "LibreSSL 3.8.2 is not OpenSSL 3" none libressl openssl
check "LibreSSL in a plugin after OpenSSL 3: told, with the ring" \
    told_with_ring "a second TLS library" none openssl libressl
check "each makes contexts of its own, then too" has_own_context none openssl libressl openssl
check "LibreSSL in the program serves its plugins, too: told" \
    has_line "LibreSSL 3.8.2 is not OpenSSL 3" libressl openssl
check "OpenSSL 3 before 3.0.6: told" has_line "OpenSSL 3.0.5 5 Jul 2022 sends broken tickets" openssl305
finish
