# shellcheck shell=sh disable=SC2154,SC2034 # tmp and others are of frame.sh, line is for it
# servers.sh - other servers than nginx, as packaged, under stek-preload.so. After frame.sh:
#   . "${0%/*}/servers.sh"
#
# A script defines `launch_server NAME`, which begins with `preloaded NAME COMMAND...`, and
# `reload_server NAME`, then calls prove_server NAME NAME. Servers listen on a socket in $tmp, or
# on ports of the loopback address $address, which no other test has at the same time.
# From the environment: STEK_SERVERS, the folder in which tools/deps unpacks servers.

address=127.$((128 + $$ / 65536)).$(($$ / 256 % 256)).$(($$ % 256))
label=

# need NAME FILE: $root is where that server is unpacked, or empty where it is installed.
need() {
    root=${STEK_SERVERS:?a folder}/$1
    [ -e "$root/$2" ] || root=
    [ -e "$root/$2" ] || {
        echo "1..0 # SKIP $1 is not here: run tools/deps"
        exit 0
    }
}

# preloaded NAME COMMAND...: start it; $label is its STEK_LABEL.
preloaded() {
    server_name=$1
    shift
    # shellcheck disable=SC2086 # words
    ${server_env:-} env LD_PRELOAD="$preload" STEK_RING="$ring" ${label:+STEK_LABEL="$label"} "$@" \
        >>"$tmp/$server_name.log" 2>&1 &
    server_pid=$!
    pids="$pids $server_pid"
    echo $server_pid >"$tmp/$server_name.pid"
}

# run_server NAME [tlsclient arguments]: and wait until it answers.
run_server() {
    starting=$1
    shift
    launch_server "$starting"
    wait_for 60 "$client" "$@" "$(target "$starting")" || bail "$starting does not answer"
}

# children PID: the process ids, in one line.
children() {
    sed -n "s/^\([0-9]*\) (.*) [A-Z] $1 .*/\1/p" /proc/[0-9]*/stat 2>/dev/null | tr '\n' ' '
}

# signal_server NAME SIGNAL: and wait until all its processes but the first are others. HAProxy's
# first process loses a signal that comes while it starts, so there may be another one.
signal_server() {
    server_pid=$(cat "$tmp/$1.pid")
    old=$(children "$server_pid")
    [ -n "$old" ] || return 1
    for _ in 1 2 3; do
        kill -s "$2" "$server_pid" || return 1
        # shellcheck disable=SC2086 # words
        wait_for 30 all_ended $old && break
    done
    # shellcheck disable=SC2086 # words
    all_ended $old && wait_for 60 has_children "$server_pid"
}

has_children() {
    [ -n "$(children "$1")" ]
}

# at NAME PORT: that server listens there, on $address.
at() {
    echo "$address:$2" >"$tmp/$1.at"
}

# A certificate and its key in one file, for the servers that want it so.
make_both() {
    make_cert "$@"
    cat "$tmp/$1.pem" "$tmp/$1.key" >"$tmp/$1.both"
}

# ---- Apache ----

# apache_conf NAME: from virtual hosts on the standard input; after `at NAME PORT`.
apache_conf() {
    modules=$root/usr/lib/apache2/modules
    chmod 711 "$tmp" # its children are nobody
    {
        cat <<EOT
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule dir_module $modules/mod_dir.so
LoadModule ssl_module $modules/mod_ssl.so
ServerRoot $tmp
ServerName localhost
PidFile $tmp/$1.apache.pid
DefaultRuntimeDir $tmp
Mutex fcntl:$tmp
ErrorLog $tmp/$1.error.log
Listen $(target "$1")
StartServers 2
DirectoryIndex index.html
EOT
        [ "$(id -u)" != 0 ] || printf '%s\n' "User nobody" "Group nogroup"
        cat
    } >"$tmp/$1.conf"
}

launch_apache() {
    preloaded "$1" "$root/usr/sbin/apache2" -D FOREGROUND -f "$tmp/$1.conf"
}

# ---- what holds for each of them ----

# both_ways COMMAND...: true if it is for both versions and both directions.
both_ways() {
    for version in 1.2 1.3; do
        "$@" $version "$one" "$two" && "$@" $version "$two" "$one" || return 1
    done
}

ring_seals() {
    take "$2" "$1" a.test "$tmp/seals" && is "key=$(sealing_key)"
}

resumes_at() {
    crosses "$1" a.test "$2" "$3"
}

# Each server's ticket of before, at the other one.
take_before() {
    take "$2" "$1" a.test "$tmp/before.$1.$2"
}

before_resumes() {
    offer "$3" "$1" a.test "$tmp/before.$1.$2" && is resumed
}

before_is_replaced() {
    before_resumes "$@" && is tickets=1 "key=$(sealing_key)"
}

before_is_full() {
    offer "$3" "$1" a.test "$tmp/before.$1.$2" && is full "key=$(sealing_key)"
}

rotates() {
    former=$(sealing_key)
    stekctl rotate >/dev/null && wait_for 60 follows_rotation
}

follows_rotation() {
    [ -n "$former" ] && [ "$(sealing_key)" != "$former" ] && both_ways ring_seals
}

revoke_all() {
    stekctl revoke --all >/dev/null
}

reload_both() {
    reload_server "$one" && reload_server "$two"
}

# start_load [-c]: see tlsload.h.
start_load() {
    "$client" load "$@" -w 5 -e 50 -n a.test "$one=$(target "$one")" "$two=$(target "$two")" \
        >"$tmp/load.log" 2>&1 &
    load=$!
    pids="$pids $load"
    wait_for 60 resumes_under_load || bail "no resumptions under load"
}

resumes_under_load() {
    grep -q 'TLS 1.2  resumed' "$tmp/load.log" && grep -q 'TLS 1.3  resumed' "$tmp/load.log"
}

# True if each ticket of that time was resumed and no handshake failed.
nothing_lost() {
    kill -s TERM "$load"
    wait "$load"
    lost=$?
    line=$(grep -v 'resumed under' "$tmp/load.log" | tail -n 5 | tr '\n' ';')
    return $lost
}

# prove_server NAME NAME [-c]: two instances that run. -c: those of this server close a connection
# now and then when they are reloaded, also without the preload.
prove_server() {
    one=$1
    two=$2
    shift 2
    check "tickets are sealed under the ring's key, not the server's own" both_ways ring_seals
    check "two servers resume each other, TLS 1.2 and 1.3" both_ways resumes_at
    both_ways take_before
    start_load "$@"
    check "rotation" rotates
    check "tickets of the old key are resumed and replaced, with no reload" \
        both_ways before_is_replaced
    check "new tickets are resumed" both_ways resumes_at
    check "reload of both servers" reload_both
    check "tickets from before the reload are resumed" both_ways before_resumes
    check "rotation after the reload" rotates
    check "no resumption was lost in all this time" nothing_lost
    both_ways take_before
    check "revocation" revoke_all
    check "revoked tickets get full handshakes and new tickets, with no reload" \
        both_ways before_is_full
    check "new tickets are resumed" both_ways resumes_at
}
