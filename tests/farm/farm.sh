# shellcheck shell=sh disable=SC2154,SC2034,SC2120 # tmp and others are of frame.sh, or for it
# farm.sh - hosts that share keys, with stekd and real servers, and clients who go from one to the
# other all the time. After world.sh, frame.sh and servers.sh.
#
#   hosts="h1 h2 h3"
#   start_farm ENGINE...          directory, etcd, peers, multicast: hosts, farm, stekd
#   serve nginx h1 module ...     servers
#   start_clients                 then: ask counts, cut_off h2, bring_back h2, revoke_all
#
# policy: of the keyset. What is counted as lost says pool.h, and what is asked of the clients,
# farmclient.h.

# a host of a busy machine may stand still for 4 s, for which any key is held back, and mostly for 7 s
# more, since keys are made ahead
policy=${policy:-rotate = 5s patience = 4s lifetime = 50s}
farmclient=$STEK_BUILD/tests/farm/farmclient
hosts=${hosts:-h1 h2 h3}
service_list=
asked=0

# The world ends with this process, and everything in it; stopping one after the other would only
# take time.
clean() {
    :
}

# ---- stekd ----

stekctl_at() {
    at_host=$1
    shift
    "$STEK_BUILD/src/stekctl" -r "$tmp/$at_host/run" "$@"
}

# host_conf NAME: its stekd.conf.
host_conf() {
    echo "keyset \"www\" {"
    echo "    $policy"
    echo "    farm = \"$tmp/$1/www.farm\""
    for engine in $engines; do
        "share_$engine" "$1"
    done
    echo "}"
}

launch_stekd() {
    # shellcheck disable=SC2046 # words
    $(words_of "$1") "$STEK_BUILD/src/stekd" -f -c "$tmp/$1/stekd.conf" -r "$tmp/$1/run" \
        >>"$tmp/$1.stekd.log" 2>&1 &
    echo $! >"$tmp/$1/stekd.pid"
    pids="$pids $!"
}

await_stekd() {
    wait_for 60 stekctl_at "$1" status || bail "stekd of $1 does not answer"
}

stop_stekd() {
    stop "$(cat "$tmp/$1/stekd.pid")" "${2:-TERM}"
}

# start_farm ENGINE...: and wait until all have the same keys, unless $is_apart is set.
start_farm() {
    engines=$*
    host_number=0
    for host in $hosts; do
        host_number=$((host_number + 1))
        add_host "$host" "$host_number"
        mkdir -p "$tmp/$host/run"
    done
    for engine in $engines; do
        "prepare_$engine"
    done
    for host in $hosts; do
        host_conf "$host" >"$tmp/$host/stekd.conf"
        launch_stekd "$host"
    done
    for host in $hosts; do
        await_stekd "$host"
    done
    form_farm
    [ -n "${is_apart:-}" ] || wait_for 60 keys_agree ||
        bail "the hosts do not come to the same keys"
}

# The first host begins it, and lets the others in.
form_farm() {
    for host in $hosts; do
        if [ "$host" = "${hosts%% *}" ]; then
            stekctl_at "$host" farm init >"$tmp/join.log" 2>&1
        else
            stekctl_at "$host" farm join 2>>"$tmp/join.log" |
                stekctl_at "${hosts%% *}" farm invite - 2>>"$tmp/join.log" |
                stekctl_at "$host" farm join - >>"$tmp/join.log" 2>&1
        fi || bail "$host does not join"
    done
}

# keys_of HOST: the names of keys that open there, or will.
keys_of() {
    stekctl_at "$1" --json keys | tr -d ' \n' | sed 's/{"name":/\n/g' |
        sed -n '/"state":"revoked"/!s/^"\([0-9a-f]*\)".*/\1/p' | sort
}

# Print the names of keys that are held by every host.
common_keys() {
    for host in $hosts; do
        keys_of "$host"
    done | sort | uniq -c | sed -n "s/^ *$(echo "$hosts" | wc -w) //p"
}

# True if all hosts hold the same keys.
keys_agree() {
    first_keys=
    for host in $hosts; do
        these_keys=$(keys_of "$host")
        [ -n "$these_keys" ] || return 1
        [ "$these_keys" = "${first_keys:-$these_keys}" ] || return 1
        first_keys=$these_keys
    done
}

sealing_at() {
    stekctl_at "$1" --json status | tr -d ' \n' |
        sed -n 's/.*"sealing":{"name":"\([0-9a-f]*\)".*/\1/p'
}

# ---- directory: a folder that is mounted at each host ----

prepare_directory() {
    mkdir -m 1777 "$tmp/shared"
    for host in $hosts; do
        mkdir -p "$tmp/$host/shared"
        mount_directory "$host"
    done
}

mount_directory() {
    in_host "$1" mount --bind "$tmp/shared" "$tmp/$1/shared"
}

share_directory() {
    echo "    share \"directory\" { path = \"$tmp/$1/shared\" }"
}

cut_directory() {
    in_host "$1" umount -l "$tmp/$1/shared"
}

mend_directory() {
    mount_directory "$1"
}

# ---- etcd: three nodes, each on a host of its own ----

etcd() {
    # shellcheck disable=SC2154 # STEK_SERVERS: of the environment
    ETCD_ADDRESSES="10.99.0.201 10.99.0.202 10.99.0.203" ETCD_ENTER=$tmp/enter_etcd \
        STEK_SERVERS=$STEK_SERVERS "${STEK_TOOLS:?the folder tools}/etcd-nodes" "$tmp/etcd" "$@"
}

prepare_etcd() {
    for node in 1 2 3; do
        add_host "etcd$node" "20$node"
    done
    cat >"$tmp/enter_etcd" <<EOT
#!/bin/sh
case \$1 in
1) enter="$(host_of enter etcd1)" ;;
2) enter="$(host_of enter etcd2)" ;;
3) enter="$(host_of enter etcd3)" ;;
esac
exec \$enter sh -c 'cd "\$0" && shift && exec "\$@"' "\$PWD" "\$@"
EOT
    chmod +x "$tmp/enter_etcd"
    etcd start 3 >"$tmp/etcd.log" 2>&1 || bail "etcd does not start"
}

share_etcd() {
    echo "    share \"etcd\" {"
    echo "        endpoints = {\"$(etcd endpoints | sed 's/ /", "/g')\"}"
    echo "        ca = \"$tmp/etcd/ca.pem\"" "cert = \"$tmp/etcd/${etcd_cert:-client}.pem\"" \
        "key = \"$tmp/etcd/${etcd_cert:-client}.key\""
    echo "    }"
}

# The number of the node that leads; those that do not answer are passed over.
etcd_leader() {
    etcd ctl --dial-timeout 1s --command-timeout 1s endpoint status -w simple 2>/dev/null | sed -n 's/^[^,]*:2379\([0-9]\),.*/\1 &/p' |
        awk -F ', ' '$5 == "true" { print substr($1, 1, 1) }'
}

# find_leader: `leader` is its number.
find_leader() {
    leader=$(etcd_leader)
    [ -n "$leader" ]
}

# ---- peers: datagrams, to a list of addresses or to a group ----

prepare_peers() {
    :
}

share_peers() {
    list=
    for other in $hosts; do
        [ "$other" = "$1" ] || list="$list${list:+, }\"$(farm_address "$other"):7984\""
    done
    echo "    share \"peers\" { peers = {$list} listen = \"$(farm_address "$1"):7984\" }"
}

prepare_multicast() {
    :
}

share_multicast() {
    echo "    share \"peers\" { multicast = {\"239.255.79.84:7984\"} interface = \"farm\" }"
}

# ---- servers ----

# serve SERVICE HOST [KIND]: nginx with KIND module or preload; apache and haproxy have the preload.
serve() {
    server_env=$(words_of "$2")
    ring=$tmp/$2/run/www.r1
    name=$2-$1
    "serve_$1" "${3:-}"
    service_list="$service_list $2/$1=$(target "$name")"
}

place() {
    echo "$(front_address "${name%-*}"):$1" >"$tmp/$name.at"
}

serve_nginx() {
    place 8441
    listen=$(target "$name")
    server a.test | nginx_conf "$name" "$1"
    launch "$name" "$1"
}

serve_haproxy() {
    need haproxy usr/sbin/haproxy
    place 8442
    cat <<EOT >"$tmp/$name.conf"
defaults
    mode http
    timeout client 60s
    timeout connect 60s
    timeout server 60s
frontend tls
    bind $(target "$name") ssl crt $tmp/a.test.both
    http-request return status 200 content-type text/plain string "a.test"
EOT
    preloaded "$name" "$root/usr/sbin/haproxy" -db -f "$tmp/$name.conf"
}

serve_apache() {
    need apache usr/sbin/apache2
    place 8443
    apache_conf "$name" <<EOT
<VirtualHost *>
    ServerName a.test
    DocumentRoot $tmp
    SSLEngine on
    SSLCertificateFile $tmp/a.test.pem
    SSLCertificateKeyFile $tmp/a.test.key
</VirtualHost>
EOT
    launch_apache "$name"
}

await_servers() {
    for item in $service_list; do
        wait_for 60 "$client" "${item#*=}" || bail "${item%%=*} does not answer"
    done
}

# ---- clients ----

# start_clients [farmclient arguments]: $first_order, if set, is obeyed before the first handshake.
start_clients() {
    await_servers
    mkfifo "$tmp/orders"
    exec 9<>"$tmp/orders"
    : >"$tmp/replies"
    [ -z "${first_order:-}" ] || echo "$first_order" >&9
    # shellcheck disable=SC2086 # words
    "$farmclient" -n a.test -r "$tmp/replies" "$@" $service_list <"$tmp/orders" 9>&- &
    clients=$!
    pids="$pids $clients"
    asked=${first_order:+1}
    asked=${asked:-0}
}

has_answered() {
    [ "$(wc -l <"$tmp/replies")" -gt "$asked" ] || ended "$clients"
}

# ask ORDER...: `line` is the clients' reply.
ask() {
    echo "$*" >&9
    wait_for 120 has_answered || bail "the clients do not answer: $1"
    asked=$((asked + 1))
    line=$(sed -n "${asked}p" "$tmp/replies")
    [ -n "$line" ] || bail "the clients ended: $1"
}

# cut_off HOST: from the others and from what they share. Clients still reach it; they hear of it
# first, since no key may come to seal between.
cut_off() {
    # shellcheck disable=SC2046 # words
    ask cut "$1" $(common_keys)
    is cut && cut_link "$1" || return 1
    case " $engines " in
    *" directory "*) cut_directory "$1" ;;
    esac
}

# bring_back HOST: and wait until all hosts have the same keys; then any ticket may go anywhere.
bring_back() {
    mend_link "$1"
    case " $engines " in
    *" directory "*) mend_directory "$1" ;;
    esac
    wait_for 60 keys_agree && ask heal && is heal
}

# revoke_all HOST: ordered there; `line` says how long it took.
revoke_all() {
    ask revoke "$STEK_BUILD/src/stekctl -r $tmp/$1/run revoke --all >>$tmp/revoke.log 2>&1"
    [ "$(field refused)" = "$(field of)" ] && is status=0 again=0
}

# ---- what tests wait for, and claim ----

# begin_farm ENGINE...: hosts with nginx each, and clients at work.
begin_farm() {
    make_cert a.test
    start_farm "$@"
    serve_all
    check "tickets of each host are resumed by the others, in TLS 1.2 and 1.3" resumes 100
}

serve_all() {
    kind=module
    for host in $hosts; do
        serve nginx "$host" "$kind"
        kind=preload
    done
    start_clients >"$tmp/clients.log"
}

has_resumed() {
    ask counts
    [ "$(field resumed12)" -ge "$1" ] && [ "$(field resumed13)" -ge "$2" ]
}

# resumes N: so many more of each version, soon.
resumes() {
    ask counts
    wait_for 60 has_resumed $(($(field resumed12) + $1)) $(($(field resumed13) + $1))
}

seals_another() {
    now_seals=$(sealing_at "$1")
    [ -n "$now_seals" ] && [ "$now_seals" != "$2" ]
}

# rotates HOST [TIMES]: another key seals there, by its time, so often.
rotates() {
    for _ in $(seq "${2:-1}"); do
        wait_for 60 seals_another "$1" "$(sealing_at "$1")" || return 1
    done
}

# seals_alone HOST OTHER: with a key that the other one lacks.
seals_alone() {
    now_seals=$(sealing_at "$1")
    [ -n "$now_seals" ] && other_keys=$(keys_of "$2") || return 1
    case $other_keys in
    '' | *"$now_seals"*) return 1 ;;
    esac
}

are_apart() {
    seals_alone "$1" "$2" && seals_alone "$2" "$1"
}

# go_apart HOST OTHER: each seals with keys of its own, and goes on with them.
go_apart() {
    wait_for 60 are_apart "$1" "$2" && resumes 50
}

# True if that host's engines are well, and nobody is silent or holds other keys.
is_well() {
    line=$(stekctl_at "$1" --json fleet 2>&1) || return 1
    case $(echo "$line" | tr -d ' \n') in
    *'"well":false'*) return 1 ;;
    esac
}

all_are_well() {
    for host in $hosts; do
        wait_for 60 is_well "$host" || return 1
    done
}

nothing_lost() {
    ask counts
    is lost=0
}

# Tickets that one side gave out during a cut, at the other one after it.
went_back() {
    resumes 100 && [ "$(field back)" -gt 0 ]
}

# And before: tickets of before the cut, at the other side while it was there.
went_across() {
    went_back && [ "$(field across)" -gt 0 ]
}

# revokes HOST: and new tickets are resumed everywhere after it.
revokes() {
    revoke_all "$1" && resumes 50
}
