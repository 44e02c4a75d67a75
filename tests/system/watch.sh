# shellcheck shell=sh disable=SC2016,SC2154 # eval has the last word; variables of stekctl.sh
# watch.sh - stekctl watch on a terminal of its own, as a user has it; a part of stekctl.sh.
# R-SCREEN-1: the terminal is as it was, however it ends, and while it is suspended.

enter="$escape\[?1049h"
leave="$escape\[?25h$escape\[?1049l"

# watch_there [ARGUMENTS]: in the background; what it shows is in $tmp/screen, what is typed goes to
# descriptor 9, its process is $watch.
watch_there() {
    rm -f "$tmp/screen" "$tmp/keys" "$tmp/pid" "$tmp/tty" "$tmp/status" "$tmp/before" "$tmp/after"
    mkfifo "$tmp/keys"
    cat >"$tmp/session" <<EOT
stty rows 24 cols 80
stty -g >$tmp/before
tty >$tmp/tty
sh -c 'echo \$\$ >$tmp/pid; exec $STEK_BUILD/src/stekctl -r $run watch $*'
echo \$? >$tmp/status
stty -g >$tmp/after
EOT
    LC_ALL=C.UTF-8 script -qefc "sh $tmp/session" "$tmp/screen" <"$tmp/keys" >/dev/null 2>&1 &
    terminal=$!
    pids="$pids $terminal"
    exec 9>"$tmp/keys"
    wait_for 60 grep -q 'q quits' "$tmp/screen"
    watch=$(cat "$tmp/pid")
}

# ended_well: with that status, and everything on the terminal as before.
ended_well() {
    wait_for 60 test -s "$tmp/after"
    exec 9>&-
    wait_for 60 ended "$terminal"
    cmp "$tmp/before" "$tmp/after" &&
        [ "$(cat "$tmp/status")" = 0 ] && grep -q "$leave" "$tmp/screen"
}

is_stopped() {
    grep -q '^State:.*T' "/proc/$watch/status"
}

entered() {
    [ "$(grep -o "$enter" "$tmp/screen" | wc -l)" -eq "$1" ]
}

drawn_more_than() {
    [ "$(grep -c 'q quits' "$tmp/screen")" -gt "$1" ]
}

check 'watch draws on a terminal' watch_there
check 'it shows the key that seals' wait_for 60 grep -q "$(sealing_key | cut -c 1-8) seals" "$tmp/screen"
check 'and the keys over time' wait_for 60 grep -q '▼' "$tmp/screen"
check 'it takes a page of the terminal that is its own' entered 1
check 'it draws again' wait_for 60 drawn_more_than 1
check 'the window changes' stty -F "$(cat "$tmp/tty")" rows 30 cols 100
check 'it draws again at once, wider' wait_for 60 grep -q '─\{100\}' "$tmp/screen"
printf q >&9
check 'the key q ends it, and the terminal is as it was' ended_well

check 'watch, once more' watch_there --ascii
check 'without UTF-8' eval '! LC_ALL=C grep -q "$(printf "\342\226")" "$tmp/screen"'
kill -s TSTP "$watch"
check 'it can be suspended' wait_for 60 is_stopped
check 'and the terminal is as it was' \
    eval '[ "$(stty -g -F "$(cat "$tmp/tty")")" = "$(cat "$tmp/before")" ]'
kill -s CONT "$watch"
check 'it goes on' wait_for 60 entered 2
kill -s TERM "$watch"
check 'a signal ends it, and the terminal is as it was' ended_well
