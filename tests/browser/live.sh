#!/bin/sh
# The status page of a stekd at work, as a browser gets it over TCP: it shows what is so, and what
# changes; and the timeline as stekctl draws it. Usage: live.sh PICTURES
# shellcheck disable=SC2016,SC2317,SC2119 # eval has the last word on quotes; check calls by name
set -u
# shellcheck source=tests/system/frame.sh
. "${0%/*}/../system/frame.sh"
mkdir -p "$1"
pictures=$(cd "$1" && pwd)
address=127.0.0.1:$("$client" free-ports 1)
page=http://$address/

# Without a sandbox: as root, and in containers, it has none. What it reads here is our own.
browse() {
    timeout 120 "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --hide-scrollbars --user-data-dir="$tmp/profile" "$@" 2>"$tmp/noise"
}

read_page() {
    browse --dump-dom "$page" >"$tmp/page" && grep -q '</html>' "$tmp/page"
}

shows() {
    line=$(head -c 300 "$tmp/page")
    grep -qF -- "$1" "$tmp/page"
}

cat >"$tmp/stekd.conf" <<CONF
keyset "www" { rotate = 30d  lifetime = 12h }
keyset "mail" { rotate = 30d  lifetime = 6h }
metrics { listen = "$address" }
CONF
make_cert a.test
start_stekd
start_nginx one module
check 'a server gives tickets, and resumes' eval 'take one 1.3 a.test "$tmp/ticket" && offer one 1.3 a.test "$tmp/ticket" && is resumed'

check 'the page is read' read_page
check 'all is well' shows '<title>stek: all is well</title>'
check 'it shows both keysets' eval 'shows "<section class=\"card\" id=\"www\">" && shows "<section class=\"card\" id=\"mail\">"'
sealing=$(stekctl -k www status --json | tr -d ' \n' | sed -n 's/.*"sealing":{"name":"\([0-9a-f]*\)".*/\1/p')
check 'it shows the key that seals' shows "<code>$(echo "$sealing" | cut -c 1-8)</code><small>for "
check 'it shows the server' shows '<th scope="row">nginx</th>'
rows() {
    line="$(grep -o "id=\"tl-$1-desc\">[0-9]* keys" "$tmp/page")"
    grep -q "id=\"tl-$1-desc\">$(stekctl -k "$1" keys | grep -c '^[0-9a-f]\{32\}') keys" "$tmp/page"
}
check 'each timeline tells of every key' eval 'rows www && rows mail'

stekctl -k mail revoke --all >/dev/null
check 'the page is read again' read_page
check 'it shows what was revoked' shows ' revoked</small>'
browse --window-size=1080,1800 --screenshot="$pictures/live.png" "$page" >/dev/null
check 'a picture of it' [ "$(wc -c <"$pictures/live.png")" -gt 5000 ]

stekctl -k www timeline --svg >"$tmp/timeline.svg"
browse --dump-dom "file://$tmp/timeline.svg" >"$tmp/read"
check 'the timeline is SVG that a browser reads' eval '
    grep -q "<svg xmlns" "$tmp/read" && ! grep -q parsererror "$tmp/read"'
sed 's/<title/<title </' "$tmp/timeline.svg" >"$tmp/broken.svg"
browse --dump-dom "file://$tmp/broken.svg" >"$tmp/read"
check 'where it is none, that would be seen' grep -q parsererror "$tmp/read"

finish
