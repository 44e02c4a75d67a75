# shellcheck shell=sh
# frame.sh - what a system test begins with:   . "${0%/*}/frame.sh"
#
# A temporary folder ($tmp) that goes when the test ends, processes that are stopped by their own
# ids, certificates, stekd, and nginx as packaged. Prints TAP: check for each claim, finish at the
# end. Servers listen on sockets in $tmp, so tests need no ports and run side by side.
# From the environment: STEK_BUILD, a build folder; STEK_NGINX, the server's program.

STEK_BUILD=$(cd "${STEK_BUILD:?a build folder}" && pwd)
nginx=${STEK_NGINX:?the program nginx}
client=$STEK_BUILD/tests/tools/tlsclient
preload=$STEK_BUILD/src/module/stek-preload.so
module=$STEK_BUILD/src/module/ngx_http_stek_module.so
tmp=$(mktemp -d)
run=$tmp/run
ring=$run/www.r1
pids=
cases=0
failures=0
line=

# ---- processes ----

# wait_for SECONDS COMMAND...: try until it succeeds; fails when the time is over.
wait_for() {
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

ended() {
    ! kill -0 "$1" 2>/dev/null
}

# stop PID [SIGNAL]: and wait until it is gone.
stop() {
    kill -s "${2:-TERM}" "$1" 2>/dev/null
    wait_for 60 ended "$1" || kill -s KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    rest=
    for other in $pids; do
        [ "$other" = "$1" ] || rest="$rest $other"
    done
    pids=$rest
}

clean() {
    trap '' HUP INT PIPE TERM
    for pid in $pids; do
        stop "$pid"
    done
    rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 1' HUP INT PIPE TERM

# ---- TAP ----

# check CLAIM COMMAND...: one case; on failure with what is known.
check() {
    claim=$1
    shift
    cases=$((cases + 1))
    if "$@"; then
        echo "ok $cases - $claim"
        return 0
    fi
    failures=$((failures + 1))
    echo "not ok $cases - $claim"
    echo "# $*: $line"
    show_logs
}

# skip CLAIM WHY: a case that cannot be tried here.
skip() {
    cases=$((cases + 1))
    echo "ok $cases - $1 # SKIP $2"
}

show_logs() {
    for log in "$tmp"/*.log; do
        grep -vsF '[notice]' "$log" | tail -n 8 | sed "s|^|# ${log##*/}: |"
    done
}

bail() {
    echo "Bail out! $*"
    show_logs
    exit 1
}

finish() {
    echo "1..$cases"
    [ "$failures" -eq 0 ]
    exit
}

# ---- certificates ----

# make_cert NAME [openssl req arguments]: $tmp/NAME.pem and $tmp/NAME.key, signed by itself.
make_cert() {
    subject=$1
    shift
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=$subject" -addext "subjectAltName=DNS:$subject" -keyout "$tmp/$subject.key" \
        -out "$tmp/$subject.pem" "$@" 2>"$tmp/openssl.err" ||
        bail "no certificate: $(tail -n 1 "$tmp/openssl.err")"
}

# ---- stekd ----

stekctl() {
    "$STEK_BUILD/src/stekctl" -r "$run" "$@"
}

# start_stekd [POLICY]: the keyset www; stekd is its process id. Unless POLICY says otherwise no key
# changes by itself while a test runs. $stekd_env, if set, is a command that runs it.
start_stekd() {
    mkdir -p "$run"
    [ -e "$tmp/stekd.conf" ] ||
        echo "keyset \"www\" { ${1:-rotate = 7d lifetime = 12h} }" >"$tmp/stekd.conf"
    # shellcheck disable=SC2086 # words
    ${stekd_env:-} "$STEK_BUILD/src/stekd" -f -c "$tmp/stekd.conf" -r "$run" >>"$tmp/stekd.log" 2>&1 &
    stekd=$!
    pids="$pids $stekd"
    wait_for 60 stekctl status || bail "stekd does not answer"
}

# number FIELD: a number of the keyset, from stekd's status.
number() {
    stekctl --json status | tr -d ' \n' | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

# The name of the key that seals now.
sealing_key() {
    stekctl --json status | tr -d ' \n' | sed -n 's/.*"sealing":{"name":"\([0-9a-f]*\)".*/\1/p'
}

# ---- nginx ----

# server NAME [DIRECTIVES [CERTIFICATE [WORD]]]: a virtual host for start_nginx, on the socket of
# the nginx $name, or at the address $listen. It answers WORD, else NAME.
server() {
    cat <<EOT
    server {
        listen ${listen:-unix:$tmp/$name.sock} ssl;
        server_name $1;
        ssl_certificate $tmp/${3:-$1}.pem;
        ssl_certificate_key $tmp/${3:-$1}.key;
        ${2:-}
        return 200 "${4:-$1}\n";
    }
EOT
}

# nginx_conf NAME KIND [HTTP_DIRECTIVES]: from virtual hosts on the standard input. KIND is module,
# preload or none.
nginx_conf() {
    stek=
    load=
    [ "$2" != module ] || {
        load="load_module $module;"
        stek="stek_ring $ring;"
    }
    cat <<EOT >"$tmp/$1.conf"
$load
daemon off;
worker_processes 2;
pid $tmp/$1.pid;
error_log $tmp/$1.log notice;
events { worker_connections 128; }
http {
    access_log off;
    client_body_temp_path $tmp/$1.t;
    proxy_temp_path $tmp/$1.t;
    fastcgi_temp_path $tmp/$1.t;
    uwsgi_temp_path $tmp/$1.t;
    scgi_temp_path $tmp/$1.t;
    ssl_protocols TLSv1.2 TLSv1.3;
    $stek
    ${3:-}
$(cat)
}
EOT
}

# launch NAME KIND: nginx with its configuration; server_pid is its process id. $server_env, if set,
# is a command that runs servers.
launch() {
    # shellcheck disable=SC2086 # words
    if [ "$2" = preload ]; then
        ${server_env:-} env LD_PRELOAD="$preload" STEK_RING="$ring" STEK_LABEL="${label:-}" \
            "$nginx" -c "$tmp/$1.conf" 2>>"$tmp/$1.stderr.log" &
    else
        ${server_env:-} "$nginx" -c "$tmp/$1.conf" 2>>"$tmp/$1.stderr.log" &
    fi
    server_pid=$!
    pids="$pids $server_pid"
}

# run_nginx NAME KIND: the same, and wait until it answers.
run_nginx() {
    launch "$1" "$2"
    wait_for 60 "$client" "unix:$tmp/$1.sock" || bail "nginx $1 does not answer"
}

# workers NAME: process ids, those that ended included.
workers() {
    sed -n 's/.*start worker process \([0-9]*\)$/\1/p' "$tmp/$1.log"
}

all_ended() {
    for pid in "$@"; do
        ended "$pid" || return 1
    done
}

# reload_nginx NAME: and wait until the old workers take no connections any more.
reload_nginx() {
    old_workers=$(workers "$1")
    kill -s HUP "$(cat "$tmp/$1.pid")" || return 1
    # shellcheck disable=SC2086 # words
    wait_for 60 all_ended $old_workers
}

# start_nginx NAME KIND: with the one virtual host a.test.
start_nginx() {
    name=$1
    server a.test | nginx_conf "$1" "$2"
    run_nginx "$1" "$2"
}

# ---- handshakes ----

# target SERVER: where it listens.
target() {
    cat "$tmp/$1.at" 2>/dev/null || echo "unix:$tmp/$1.sock"
}

# shake SERVER [tlsclient arguments]: `line` is what the client says.
shake() {
    connect_to=$(target "$1")
    shift
    line=$("$client" "$@" "$connect_to" 2>&1)
}

# is WORD...: true if each stands in the line.
is() {
    for word in "$@"; do
        case " $line " in
        *" $word "*) ;;
        *) return 1 ;;
        esac
    done
}

# field NAME: its value in the line.
field() {
    echo "$line" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# take SERVER VERSION SNI FILE: a new ticket into a file.
take() {
    shake "$1" -v "$2" -n "$3" -o "$4" && is full && [ -s "$4" ]
}

# offer SERVER VERSION SNI FILE: that ticket, without keeping a new one.
offer() {
    shake "$1" -v "$2" -n "$3" -i "$4"
}

# crosses VERSION SNI FROM TO: a ticket of FROM is resumed by TO.
crosses() {
    take "$3" "$1" "$2" "$tmp/crosses" && offer "$4" "$1" "$2" "$tmp/crosses" && is resumed
}
