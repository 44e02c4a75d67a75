#!/bin/sh
# The wall clock was wrong when stekd started, and is set while it runs: it goes on by its own time
# and says so; told to accept it by a restart, it keeps every key for the time that was left to it.
STEK_NGINX=none
# shellcheck source=tests/system/frame.sh disable=SC2154,SC2034 # tmp, pids: of frame.sh
. "${0%/*}/frame.sh"

# gcc's address sanitizer wants to come first, but the shim allocates nothing and may
stekd_env="env LD_PRELOAD=$STEK_BUILD/tests/libclock-shim.so STEK_CLOCK=$tmp/clock
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"

# keys: one a line.
keys() {
    stekctl --json keys | tr -d ' \n' | tr '{' '\n'
}

names() {
    keys | sed -n 's/.*"name":"\([0-9a-f]*\)".*/\1/p'
}

# seconds_left NAME: until that key opens no more.
seconds_left() {
    echo $(($(keys | sed -n "s/.*\"name\":\"$1\".*\"opens_until\":\([0-9]*\).*/\1/p") - $(now)))
}

now() {
    keys | sed -n 's/.*"now":\([0-9]*\).*/\1/p'
}

# still NAMES: all of these are there.
still() {
    line=$(names)
    for key in $1; do
        echo "$line" | grep -q "^$key\$" || return 1
    done
}

# about A B: the same, but for the time that a test takes.
about() {
    line="$1 and $2"
    [ "$1" -ge "$2" ] && [ "$1" -lt $(($2 + 300)) ]
}

logged() {
    grep -qF -- "$1" "$tmp/stekd.log"
}

quiet() {
    line=$("$@" 2>&1)
}

says() {
    line=$(stekctl status)
    echo "$line" | grep -qF -- "$1"
}

# tells STEP: standard input says that the clock was set by so much, give or take a second.
tells() {
    line=$(sed -n 's/.*the wall clock was set by \(-*[0-9]*\) s\(.*\)/\1\2/p')
    set_by=${line%%[,:]*}
    [ "${set_by:-0}" -ge $(($1 - 1)) ] && [ "${set_by:-0}" -le $(($1 + 1)) ]
}

held_off() {
    stekctl --json status | grep 'which is held off: keys keep their times' | tells "$1"
}

accepted() {
    grep ' s: keys keep their remaining time' "$tmp/stekd.log" | tells "$1"
}

# set_clock FROM TO: the keys of a stekd that was started when the clock was wrong by FROM seconds
# outlive its setting to TO.
set_clock() {
    step=$(($2 - $1))
    run=$tmp/run$step
    : >"$tmp/stekd.log"
    echo "$1" >"$tmp/clock"
    start_stekd
    check "$step s: started" quiet stekctl rotate
    before=$(names)
    key=$(sealing_key)
    left=$(seconds_left "$key")
    echo "$2" >"$tmp/clock"
    check "$step s: the step is held off" held_off "$step"
    check "$step s: no key goes" still "$before"
    check "$step s: an order is carried out" quiet stekctl rotate
    before=$(names)
    stop "$stekd"
    start_stekd
    check "$step s: accepted" accepted "$step"
    check "$step s: all keys are there" still "$before"
    check "$step s: nothing is left out" quiet eval '! logged "left out"'
    check "$step s: a key seals" test -n "$(sealing_key)"
    check "$step s: no time was lost or won" about "$left" "$(seconds_left "$key")"
    check "$step s: all is well" says 'last error  none'
    stop "$stekd"
    : >"$tmp/stekd.log"
    start_stekd
    check "$step s: told once" quiet eval '! logged "the wall clock was set"'
    check "$step s: and keys are still there" still "$before"
    stop "$stekd"
}

set_clock 3600 0
set_clock 0 3600
set_clock 108000 0
set_clock -108000 0
set_clock 0 1234

finish
