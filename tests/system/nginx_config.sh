#!/bin/sh
# What the nginx module says of rings that it cannot use, and a ring that comes later.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
mkdir -p "$run"

# conf NAME [RING]: a configuration for the module, with another ring.
conf() {
    name=$1
    server a.test | nginx_conf "$1" module "$3"
    [ -z "$2" ] || sed -i "s|stek_ring .*;|stek_ring $2;|" "$tmp/$1.conf"
}

# tests STATUS TEXT: nginx -t ends so and says so.
tests() {
    line=$("$nginx" -t -c "$tmp/t.conf" 2>&1)
    [ $? -eq "$1" ] && case $line in *"$2"*) ;; *) return 1 ;; esac
}

conf t
check "a ring that is not there yet is a warning" tests 0 "There is no ring"
check "which names the ring" tests 0 "stek_ring \"$ring\""
conf t 'Bad~Name'
check "a name that cannot be is an error" tests 1 '[emerg]'
conf t "" "stek_ring other;"
check "so are two rings" tests 1 "is duplicate"
conf t "$tmp/junk/www.r1"
mkdir "$tmp/junk"
head -c 100000 /dev/urandom >"$tmp/junk/www.r1"
chmod 400 "$tmp/junk/www.r1"
check "so is a file that is no ring" tests 1 "$tmp/junk/www.r1"
chmod 644 "$tmp/junk/www.r1"
check "so is one that others can read" tests 1 "lets others in"
chmod 400 "$tmp/junk/www.r1"
chmod 777 "$tmp/junk"
check "so is one in a folder that others can write" tests 1 "lets others in"

no_tickets() {
    for version in 1.2 1.3; do
        shake "$1" -v $version -n a.test && is full tickets=0 key=- || return 1
    done
}

has_tickets() {
    take "$1" 1.3 a.test "$tmp/new"
}

reload() {
    reload_nginx "$1" && has_tickets "$1"
}

start_nginx module module
start_nginx preload preload
check "without a ring handshakes work, with no tickets: module" no_tickets module
check "the same: preload" no_tickets preload
check "the preload says so in one line" [ "$(grep -c stek-preload "$tmp/preload.stderr.log")" = 1 ]
start_stekd
check "the ring came: tickets after a reload: module" reload module
check "the same: preload" reload preload
check "and they resume each other" crosses 1.3 a.test module preload

# The ring becomes unsafe: a reload is refused, with what was there still in use.
refused() {
    grep -q '\[emerg\].*lets others in' "$tmp/module.log"
}

take module 1.3 a.test "$tmp/before"
chmod 644 "$ring"
kill -s HUP "$(cat "$tmp/module.pid")"
check "a reload with a ring that became unsafe is refused" wait_for 60 refused
check "and the keys from before stay in use" offer module 1.3 a.test "$tmp/before"
check "so the ticket was resumed" is resumed
finish
