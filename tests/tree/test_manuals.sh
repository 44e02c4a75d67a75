#!/bin/sh
# check-manuals finds what it is for: it is run on our own headers and manual pages as they are, and
# with one fault in them at a time. Usage: test_manuals.sh ROOT
set -u
root=$(cd "$1" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cases=0

clean() {
    rm -rf "$tree"
    mkdir -p "$tree/tools"
    cp -R "$root/include" "$root/man" "$tree/"
    cp "$root/tools/strip.awk" "$tree/tools/"
}

# finds WHAT TEXT: it fails, and says TEXT.
finds() {
    cases=$((cases + 1))
    if output=$("$root/tools/check-manuals" "$tree" 2>&1) || ! printf '%s\n' "$output" | grep -qF -- "$2"; then
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $cases - it finds $1"
    else
        echo "ok $cases - it finds $1"
    fi
    clean
}

change() { # change FILE SED
    sed "$2" "$tree/$1" >"$tree/changed" && mv "$tree/changed" "$tree/$1"
}

clean
cases=1
if "$root/tools/check-manuals" "$tree"; then
    echo 'ok 1 - it lets by what we have'
else
    echo 'not ok 1 - it lets by what we have'
fi
echo 'STEK_API int stek_ring_new(void);' >>"$tree/include/stek/stek.h"
finds 'a function without a page' '< int stek_ring_new(void)'
change include/stek/ticket.h 's/size_t ext_len)/uint32_t ext_len)/'
finds 'an argument of another type' '< enum stek_status stek_hello_sni('
change man/stek_now.3 's/^[.]Fo stek_now/.Fo stek_then/'
finds 'a function that is not there' '> uint64_t stek_then(void)'
change man/stek_now.3 's/^[.]Nm stek_unix_now$//'
finds 'a function that its page does not name' 'man/stek_now.3: shows stek_unix_now, but does not name it'
change man/meson.build "s/, 'stek_unix_now'//; s/'stek_unix_now'//"
finds 'a name that leads nowhere' 'stek_unix_now.3 does not lead to man/stek_now.3'
change man/stek_ticket.3 '/uint64_t timeout;/d'
finds 'a member that is missing' 'stek_handshake{'
change man/stek_status_text.3 's/STEK_OLD_LIBRARY//'
change man/stek_openssl_attach.3 's/STEK_OLD_LIBRARY//'
finds 'a constant without a word' 'STEK_OLD_LIBRARY: is in no manual page'
change man/libstek.3 '/^[.]It Xr stek_ticket 3/d'
finds 'a page that cannot be found' 'man/libstek.3: does not lead to stek_ticket.3'
echo .Dd >"$tree/man/stek_more.3"
finds 'a page that is not installed' 'man/meson.build: does not install stek_more.3'
echo "1..$cases"
