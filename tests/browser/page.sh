#!/bin/sh
# The status page and the timeline in a real browser: read as they were meant (nothing had to be
# repaired), complete, legible in light and dark, at any width, with nothing loaded. Prints TAP and
# leaves pictures in a folder. Usage: page.sh PICTURES (CHROMIUM names the browser)
set -u
here=$(cd "${0%/*}" && pwd)
golden=$here/../unit/golden
mkdir -p "$1"
pictures=$(cd "$1" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cases=0
failures=0

check() {
    claim=$1
    shift
    cases=$((cases + 1))
    if "$@"; then
        echo "ok $cases - $claim"
    else
        failures=$((failures + 1))
        echo "not ok $cases - $claim"
    fi
}

# Without a sandbox: as root, and in containers, it has none. What it reads here is our own.
browse() {
    timeout 120 "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --hide-scrollbars --allow-file-access-from-files --user-data-dir="$tmp/profile" "$@" 2>"$tmp/noise"
}

# As a browser writes what it has read: no line ends, empty elements in full, signs by name.
plain() {
    tr -d '\n' | sed 's|<\([a-z]*\)\([^>]*\)/>|<\1\2></\1>|g; s/&#60;/\&lt;/g; s/&#62;/\&gt;/g
        s/&#34;/"/g; s/&#39;/'"'"'/g; s/&#38;/\&amp;/g; s/<!DOCTYPE html>//I'
}

read_unrepaired() {
    browse --dump-dom "file://$1" | plain >"$tmp/read"
    plain <"$1" >"$tmp/sent"
    cmp "$tmp/read" "$tmp/sent" >&2
}

shoot() { # shoot NAME WIDTH,HEIGHT URL [OPTION...]
    name=$1
    size=$2
    url=$3
    shift 3
    browse --window-size="$size" --screenshot="$pictures/$name.png" "$@" "$url" >/dev/null
    [ "$(wc -c <"$pictures/$name.png")" -gt 5000 ]
}

# A page measures others; its cases become ours.
measure() {
    browse --virtual-time-budget=10000 --dump-dom "$@" |
        sed 's/.*<pre id="result">//' | grep -E '^(not )?ok ' >"$tmp/cases"
    while read -r line; do
        case $line in
        ok*) check "${line#* - }" true ;;
        *) check "${line#* - }" false ;;
        esac
    done <"$tmp/cases"
    check 'pages were measured' test -s "$tmp/cases"
}

for page in well trouble empty long; do
    cp "$golden/page_$page.html" "$tmp/"
    check "page_$page.html is read with nothing repaired" read_unrepaired "$tmp/page_$page.html"
    check "a picture of page_$page.html" shoot "page_$page" 1080,1160 "file://$tmp/page_$page.html"
done
cp "$golden/timeline.svg" "$here/measure.html" "$tmp/"
check 'a picture of timeline.svg' shoot timeline 960,260 "file://$tmp/timeline.svg"
check 'a picture in the dark' shoot page_dark 1080,1160 "file://$tmp/page_well.html" \
    --blink-settings=preferredColorScheme=0
measure "file://$tmp/measure.html?page_well.html,page_trouble.html,page_empty.html,page_long.html"
echo '# in the dark'
measure --blink-settings=preferredColorScheme=0 \
    "file://$tmp/measure.html?page_well.html,page_trouble.html"

echo "1..$cases"
[ "$failures" -eq 0 ]
