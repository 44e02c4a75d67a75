#!/bin/sh
# Real stekds become a farm by requests and answers, and by a file: each has the same keys then.
# Lines that are wrong, late, used or another's are refused with what to do; the farm's secret is in
# no output, and no copy of it, or of a request's key, is left in a stekd's memory.
# shellcheck disable=SC2016,SC2034,SC2317 # eval has the last word; check calls functions by name
STEK_NGINX=none
# shellcheck source=tests/system/frame.sh disable=SC2154,SC2034 # tmp, pids: of frame.sh
. "${0%/*}/frame.sh"
json=$STEK_BUILD/tests/json
memory=$STEK_BUILD/tests/memory

# ---- hosts ----

# host NAME [COMMAND...]: a stekd of its own, run by that command, with two keysets; its process id
# is in $tmp/NAME.pid.
host() {
    name=$1
    shift
    mkdir -p "$tmp/$name/run" "$tmp/shared"
    [ -e "$tmp/$name/stekd.conf" ] || cat >"$tmp/$name/stekd.conf" <<CONF
keyset "www" {
    rotate = 30d  lifetime = 12h
    share "directory" { path = "$tmp/shared" }
    farm = "$tmp/$name/www.farm"
}
keyset "api" {
    rotate = 30d  lifetime = 12h
    share "directory" { path = "$tmp/shared" }
    farm = "$tmp/$name/api.farm"
}
keyset "own" { rotate = 30d  lifetime = 12h }
CONF
    "$@" "$STEK_BUILD/src/stekd" -f -c "$tmp/$name/stekd.conf" -r "$tmp/$name/run" >>"$tmp/$name.log" 2>&1 &
    echo $! >"$tmp/$name.pid"
    pids="$pids $!"
    wait_for 60 ctl "$name" status || bail "stekd of $name does not answer"
}

pid() {
    cat "$tmp/$1.pid"
}

# ctl HOST ARGUMENTS...: stekctl there.
ctl() {
    there=$tmp/$1/run
    shift
    "$STEK_BUILD/src/stekctl" -r "$there" "$@"
}

# ask HOST ARGUMENTS...: `status` is the exit status; what was printed is in $tmp/out and $tmp/err,
# and all that was ever printed in $tmp/all.
ask() {
    status=0
    ctl "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
    cat "$tmp/out" "$tmp/err" >>"$tmp/all"
    line="stekctl $*: $status: $(cat "$tmp/out" "$tmp/err")"
}

succeeds() {
    ask "$@"
    [ "$status" -eq 0 ]
}

# fails STATUS TEXT HOST ARGUMENTS...: that exit status, that text on stderr, nothing on stdout.
fails() {
    wanted=$1
    text=$2
    shift 2
    ask "$@"
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$tmp/err" && [ ! -s "$tmp/out" ]
}

says() {
    grep -q -- "$1" "$tmp/out"
}

notes() {
    grep -qF -- "$1" "$tmp/err"
}

# ---- farms ----

# farm_of HOST [KEYSET]: the id of its farm; empty if there is none.
farm_of() {
    ctl "$1" --json farm -k "${2:-www}" | "$json" farm.id 2>/dev/null | tr -d '"'
}

same_farm() {
    line="$1: $(farm_of "$1"), $2: $(farm_of "$2")"
    [ -n "$(farm_of "$1")" ] && [ "$(farm_of "$1")" = "$(farm_of "$2")" ]
}

# Names of the keys that a host knows.
keys() {
    ctl "$1" --json keys -k www | tr -d ' \n' | tr '{' '\n' | sed -n 's/.*"name":"\([0-9a-f]*\)".*/\1/p' | sort
}

same_keys() {
    [ "$(keys "$1")" = "$(keys "$2")" ]
}

share_keys() {
    wait_for 60 same_keys "$1" "$2"
    line="$1: $(keys "$1" | tr '\n' ' '); $2: $(keys "$2" | tr '\n' ' ')"
    same_keys "$1" "$2"
}

# request HOST [KEYSET], invite HOST LINE, join HOST LINE: lines go to the standard output.
request() {
    ctl "$1" farm join -k "${2:-www}" 2>>"$tmp/all"
}

invite() {
    ctl "$1" farm invite -k "${3:-www}" "$2" 2>>"$tmp/all"
}

# damaged LINE: with one character in its middle another one.
damaged() {
    echo "$1" | sed 's/^\(.\{40\}\)A/\1B/; t; s/^\(.\{40\}\)./\1A/'
}

# copies HOST FILE WORD OFFSET: of a secret in the memory of its stekd.
copies() {
    "$memory" "$(pid "$1")" "$3" "$4" <"$2"
}

# at_most N HOST FILE WORD OFFSET: so many copies, none of them text.
at_most() {
    most=$1
    shift
    line=$(copies "$@" 2>&1)
    [ "$(echo "$line" | sed -n 's/^bytes \([0-9]*\) text 0$/\1/p')" -le "$most" ]
}

logged() {
    grep -qF -- "$2" "$tmp/$1.log"
}

: >"$tmp/all"
host a
host b

# ---- none yet ----

check 'no farm yet: it says what to do' eval 'succeeds a farm -k www && says "farm init begins one"'
check 'no farm yet: nobody can be let in' fails 1 'farm init' a farm invite -k www "$(request b)"
check 'no farm yet: none can be rekeyed' fails 1 'farm init' a farm rekey -k www
check 'no farm yet: stekd says so' logged a 'there is no farm secret'
check 'a keyset that is not shared' fails 1 'add a section share' a farm init -k own
check 'a keyset that is not shared is shown so' eval 'succeeds a farm -k own && says "not shared"'
check 'there are several keysets' fails 1 'choose one with -k' a farm init

# ---- begin, and join ----

check 'init' succeeds a farm init -k www
check 'init says where the secret is' says "its secret is in $tmp/a/www.farm"
check 'the secret is for its owner alone' eval '[ "$(stat -c %a "$tmp/a/www.farm")" = 600 ]'
check 'init again' fails 1 'already' a farm init -k www
check 'join prints a request' eval 'succeeds b farm join -k www && says "^stek-request1:[A-Za-z0-9+/=]*$"'
check 'join prints the request alone' eval '[ "$(wc -l <"$tmp/out")" -eq 1 ]'
asked=$(cat "$tmp/out")
fingerprint=$(sed -n 's/.*fingerprint \([0-9a-f-]*\).*/\1/p' "$tmp/err")
check 'the request waits, and is shown' eval 'succeeds b farm -k www && says "$fingerprint" && says "$asked"'
check 'the key of the request is for its owner alone' eval '[ "$(stat -c %a "$tmp/b/www.join")" = 600 ]'
cp "$tmp/b/www.join" "$tmp/key"
check 'a damaged request' fails 1 'a character is wrong or missing' a farm invite -k www "$(damaged "$asked")"
check 'what is no request' fails 1 'does not begin with "stek-request1:"' a farm invite -k www hello
check 'a request for another keyset' eval \
    'succeeds a farm init -k api && fails 1 "is for keyset \"www\"" a farm invite -k api "$asked"'
check 'no request at all' fails 2 'takes the request' a farm invite -k www
check 'a request in pieces' fails 2 'put it in quotes' a farm invite -k www "${asked%??}" "$asked"
check 'invite prints an answer' eval 'succeeds a farm invite -k www "$asked" && says "^stek-answer1:[A-Za-z0-9+/=]*$"'
answer=$(cat "$tmp/out")
check 'invite shows the same fingerprint' notes "$fingerprint"
check 'a request is answered once' fails 1 'has been answered' a farm invite -k www "$asked"
check 'a damaged answer' fails 1 'a character is wrong or missing' b farm join -k www "$(damaged "$answer")"
check 'the request is no answer' fails 1 'does not begin with "stek-answer1:"' b farm join -k www "$asked"
other=$(invite a "$(request b api)" api)
check "the answer to another keyset's request" fails 1 'is for another request' b farm join -k www "$other"
check 'what was refused changed nothing' eval '[ -z "$(farm_of b)" ] && [ ! -e "$tmp/b/www.farm" ]'

# the request outlives a restart
stop "$(pid b)"
host b
check 'after a restart the answer is taken' succeeds b farm join -k www "$answer"
check 'both are in the same farm' same_farm a b
check 'an answer is taken once' fails 1 'no request waits' b farm join -k www "$answer"
check 'the key of the request is gone' eval '[ ! -e "$tmp/b/www.join" ]'
check 'the secret is for its owner alone there, too' eval '[ "$(stat -c %a "$tmp/b/www.farm")" = 600 ]'
check 'they come to have the same keys' share_keys a b
ctl b rotate -k www >/dev/null 2>&1
check 'a key that one makes is had by the other' share_keys a b
check 'who let whom in is in the log' eval \
    'logged a "event=farm-answered keyset=www fingerprint=$fingerprint" && logged b event=farm-joined'

# ---- what is left ----

secret_at=20 # behind the id and the day
# a sanitizer's memory is vast, and it puts more on the stack
searched=
if [ "$(id -u)" -eq 0 ] && ! grep -q -e __asan_init -e __tsan_init "$STEK_BUILD/src/stekd"; then
    searched=yes
    # the oldest day's and yesterday's, which are the same on the first day
    check 'a member holds the secret twice, and the search finds it' eval \
        'at_most 2 a "$tmp/a/www.farm" stek-farm1 $secret_at && [ "$line" != "bytes 0 text 0" ]'
    check 'a host that joined holds it as often' eval \
        'at_most 2 b "$tmp/b/www.farm" stek-farm1 $secret_at && [ "$line" != "bytes 0 text 0" ]'
    check 'of the key of the request there is no copy left' at_most 0 b "$tmp/key" stek-join1 0
else
    skip 'no copy of a secret is left in memory' 'only root may look there, and in a plain build'
fi

# ---- by the standard input ----

host c
check 'request, answer and join in one line' eval \
    'ctl c farm join -k www 2>/dev/null | ctl a farm invite -k www - 2>/dev/null | ctl c farm join -k www - >/dev/null 2>&1'
check 'the third is in the same farm' eval 'same_farm a c && share_keys a c'
check 'nothing on the standard input' fails 1 'the standard input is empty' c farm join -k www -
check 'a line that mail has broken' eval \
    'wrapped=$(invite a "$(request c)" | sed "s/.\{60\}/&\\n  > /g" | tr -d ">") &&
     echo "$wrapped" | ctl c farm join -k www - >/dev/null 2>&1'

# ---- as JSON ----

check 'JSON of a request' eval 'succeeds b farm join -k www --json && "$json" request <"$tmp/out" | grep -q stek-request1'
check 'JSON of an answer' eval \
    'succeeds a farm invite -k www --json "$("$json" request <"$tmp/out" | tr -d \")" && "$json" answer <"$tmp/out" | grep -q stek-answer1'
check 'JSON of what is so' eval 'succeeds a farm -k www --json && [ "$("$json" farm.id <"$tmp/out" | tr -d \")" = "$(farm_of b)" ]'

# ---- a clock that is behind: the hour is over ----

# gcc's address sanitizer wants to come first, but the shim allocates nothing and may
echo -3700 >"$tmp/clock"
host late env LD_PRELOAD="$STEK_BUILD/tests/libclock-shim.so" STEK_CLOCK="$tmp/clock" \
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
check 'a request whose hour is over' fails 1 'the request has expired' a farm invite -k www "$(request late)"
stop "$(pid late)"

# ---- by a file ----

host d
install -m 0644 "$tmp/a/www.farm" "$tmp/d/www.farm"
kill -s HUP "$(pid d)"
check 'a file that is deployed makes a member' eval 'wait_for 60 same_farm a d; same_farm a d'
check 'it has the same keys' share_keys a d
check 'a secret that others can read is warned of' logged d 'others than root and stekd may read'
check 'and stekctl says so' eval 'succeeds d farm -k www && says "warning .*chmod 0600"'
chmod 0600 "$tmp/d/www.farm"
cp "$tmp/d/www.farm" "$tmp/d/whole"
head -c 150 "$tmp/d/whole" >"$tmp/d/www.farm"
kill -s HUP "$(pid d)"
refused_reload() {
    logged d "$tmp/d/www.farm: "
}
check 'half a file is refused' wait_for 60 refused_reload
ctl a rotate -k www >/dev/null 2>&1
check 'and the host is in the farm as before' share_keys a d
cp "$tmp/d/whole" "$tmp/d/www.farm"

# ---- rekey ----

before=$(farm_of a)
check 'rekey without a terminal wants a word' fails 2 '--yes' a farm rekey -k www
check 'what takes no --yes' fails 2 'farm init takes no --yes' a farm init -k www --yes
check 'that changed nothing' eval '[ "$(farm_of a)" = "$before" ]'
# typed WORD: as somebody types at a terminal, which is asked.
typed() {
    line=$(echo "$1" | script -qec "'$STEK_BUILD/src/stekctl' -r '$tmp/a/run' farm rekey -k www" /dev/null)
    echo "$line" | grep -q 'Type yes: '
}
if command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    check 'rekey asks, and takes no for an answer' eval 'typed no && [ "$(farm_of a)" = "$before" ]'
    check 'rekey asks, and does so when it may' eval 'typed yes && [ "$(farm_of a)" != "$before" ]'
    before=$(farm_of a)
else
    skip 'rekey asks' 'no terminal can be had'
fi
check 'rekey' eval 'succeeds a farm rekey -k www --yes && notes "there  stekctl farm join -k www"'
check 'the farm is another one' eval '[ -n "$(farm_of a)" ] && [ "$(farm_of a)" != "$before" ]'
check 'the others are not in it' eval '[ "$(farm_of b)" != "$(farm_of a)" ]'
check 'one joins anew' eval \
    'ctl b farm join -k www 2>/dev/null | ctl a farm invite -k www - 2>/dev/null | ctl b farm join -k www - >/dev/null 2>&1; same_farm a b'
ctl a revoke -k www --all --no-wait >/dev/null 2>&1
check 'they have the same keys' share_keys a b
check 'who was not let in anew has not' eval '! same_keys a c'
stop "$(pid c)"

# ---- days ----

# five days later, which others' records show as well; keys that live for months need them all
sed -i 's/rotate = 30d/rotate = 1h/' "$tmp/a/stekd.conf" "$tmp/b/stekd.conf"
cp "$tmp/a/www.farm" "$tmp/first"
echo 432000 >"$tmp/clock"
for name in a b; do
    stop "$(pid $name)"
    host $name env LD_PRELOAD="$STEK_BUILD/tests/libclock-shim.so" STEK_CLOCK="$tmp/clock" \
        ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
done
day_of() {
    ctl "$1" --json farm -k www | "$json" farm.since
}
moved() {
    [ "$(day_of a)" -gt "$since" ] && [ "$(day_of b)" -gt "$since" ]
}
since=$(($(date +%s) / 86400 * 86400))
check 'after days both have wiped the old secret' eval 'wait_for 60 moved; line="$(day_of a), $(day_of b)"; moved'
check 'they are in the same farm' same_farm a b
ctl b rotate -k www --no-wait >/dev/null 2>&1
check 'and have the same keys' share_keys a b
if [ -n "$searched" ]; then
    check 'no copy of the old secret is left' at_most 0 a "$tmp/first" stek-farm1 $secret_at
    check 'nor at the other host' at_most 0 b "$tmp/first" stek-farm1 $secret_at
fi
check 'nor in the file' eval '! grep -qF "$(grep ^stek-farm1: "$tmp/first")" "$tmp/a/www.farm"'

# ---- another folder ----

# what stekd may write in is settled when it starts
host e
mkdir "$tmp/moved"
cp "$tmp/e/stekd.conf" "$tmp/e/before.conf"
sed -i "s|$tmp/e/www.farm|$tmp/moved/www.farm|" "$tmp/e/stekd.conf"
kill -s HUP "$(pid e)"
unwritten() {
    logged e "$tmp/moved/www.host: stekd may not write there: it must own $tmp/moved/, and be started anew where the folder was in no configuration when it started"
}
if logged e 'writes are not confined'; then
    skip 'a folder that is first named in a reload' 'this kernel does not confine writes'
else
    check 'a folder that is first named in a reload: it says what to do' eval 'wait_for 60 unwritten; unwritten'
    check 'so does what would be written there now' fails 1 'stekd may not write there' e farm init -k www
    stop "$(pid e)"
    host e
    check 'started anew it writes there' eval '[ -s "$tmp/moved/www.host" ] && succeeds e farm init -k www && [ -s "$tmp/moved/www.farm" ]'
fi

# ---- what was said ----

# the secrets of all farms as they stand in files, without the id in front
none_told() {
    for file in "$tmp"/?/www.farm; do
        part=$(sed -n 's/^stek-farm1:.\{28\}\(.\{24\}\).*/\1/p' "$file")
        line="of $file"
        [ ${#part} -eq 24 ] || return 1
        ! grep -qF -- "$part" "$tmp/all" "$tmp"/*.log || return 1
    done
}
check 'no secret is in what was printed or logged' none_told
finish
