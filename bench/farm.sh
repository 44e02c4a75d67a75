#!/bin/sh
# farm.sh BUILD [HOSTS [SECONDS [ENGINE...]]]: farms of 200 stekd on one machine, by each engine: how
# long a new key and a revocation take to all of them, and what they cost at rest, measured for
# SECONDS. From the environment: STEK_ROUNDS, how often each. Needs root, besides what
# tests/farm/world.sh needs: the kernel gives inotify to 128 stekd of one user only.
set -u
here=$(cd "${0%/*}/.." && pwd) || exit 1
STEK_BUILD=${1:-$here/build/plain}
count=${2:-200}
rest_s=${3:-60}
if [ $# -gt 3 ]; then
    shift 3
else
    set -- directory peers multicast etcd
fi
if [ $# -gt 1 ]; then # each in a world of its own
    for engine in "$@"; do
        "$0" "$STEK_BUILD" "$count" "$rest_s" "$engine" || exit 1
    done
    exit 0
fi
set -- "$STEK_BUILD" "$count" "$rest_s" "$1"
STEK_NGINX=none
STEK_SERVERS=$here/build/servers
STEK_TOOLS=$here/tools
export STEK_NGINX STEK_SERVERS STEK_TOOLS

world_impossible() {
    echo "farm.sh: $*" >&2
    exit 1
}

# shellcheck source=tests/farm/world.sh
. "$here/tests/farm/world.sh"
# shellcheck source=tests/system/frame.sh
. "$here/tests/system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "$here/tests/system/servers.sh"
policy="rotate = 7d lifetime = 12h"
# shellcheck source=tests/farm/farm.sh
. "$here/tests/farm/farm.sh"
engine=$4
engines=$engine
rounds=${STEK_ROUNDS:-10}
all=$(seq "$count")

# All are in the world's own network, and etcd's nodes on hosts of theirs.
share_peers() {
    seq "$count" | sed "/^$1\$/d; s/.*/\"127.1.0.&:7984\"/" | paste -sd, - |
        sed "s/.*/    share \"peers\" { peers = {&} listen = \"127.1.0.$1:7984\" }/"
}

share_multicast() {
    echo "    share \"peers\" { multicast = {\"239.255.79.84:7984\"} interface = \"lo\"" \
        "listen = \"127.1.0.$1:7984\" }"
}

prepare_multicast() {
    ip link set lo multicast on && ip route add 239.0.0.0/8 dev lo
}

prepare_directory() {
    mkdir "$tmp/shared"
    chmod 2777 "$tmp/shared" # what one makes there the group of all may read
}

share_directory() {
    echo "    share \"directory\" { path = \"$tmp/shared\" }"
}

user_of() {
    echo $((60000 + $1 / 50))
}

launch() {
    mkdir -p "$tmp/$1/run"
    host_conf "$1" >"$tmp/$1/stekd.conf"
    [ -z "${secret:-}" ] || install -m 600 "$secret" "$tmp/$1/www.farm"
    chown -R "$(user_of "$1")" "$tmp/$1"
    setpriv --reuid "$(user_of "$1")" --clear-groups "$STEK_BUILD/src/stekd" -f \
        -c "$tmp/$1/stekd.conf" -r "$tmp/$1/run" >>"$tmp/$1.stekd.log" 2>&1 &
    stekds="$stekds $!"
}

# The fleet as host 1 sees it: all live, all with the same keys.
is_whole() {
    stekctl_at 1 --json fleet | tr -d ' \n' >"$tmp/fleet"
    [ "$(grep -o '"state":"live"' "$tmp/fleet" | wc -l)" -ge "$count" ]
}

# kib_of FIELD PID...: of smaps_rollup, one a line.
kib_of() {
    field_name=$1
    shift
    for pid in "$@"; do
        awk -v name="$field_name" '$1 ~ name { sum += $2 } END { print sum + 0 }' \
            "/proc/$pid/smaps_rollup"
    done
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# ran PID...: time on the processor, summed over all and their threads, in milliseconds.
ran() {
    for ran_pid in "$@"; do
        cat "/proc/$ran_pid/task/"*/schedstat
    done | awk '{ sum += $1 / 1e6 } END { printf "%.1f\n", sum }'
}

# spent PID...: that, and the time of day in seconds.
spent() {
    echo "$(ran "$@") $(cut -d ' ' -f 1 /proc/uptime)"
}

# Bytes that hosts and what is between them have said to each other: those of etcd to its like are
# on other links.
traffic() {
    case $engine in
    etcd) awk '$1 == "farm:" { print $2 + $10 }' /proc/net/dev ;;
    *) awk '$1 == "lo:" { print $10 }' /proc/net/dev ;;
    esac
}

# measure QUIET_MS ORDER: prints `median p99 last worst`, milliseconds.
measure() {
    # shellcheck disable=SC2046 # words
    "$STEK_BUILD/bench/bench_farm" "$rounds" "$1" "$STEK_BUILD/src/stekctl -r $tmp/1/run $2 >/dev/null" \
        $(echo "$all" | sed "s|.*|$tmp/&/run/www.r1|")
}

chmod 711 "$tmp" # stekd is of other users
"prepare_$engine"
[ "$engine" != etcd ] || chmod 640 "$tmp/etcd/client.key"
stekds=
launch 1
await_stekd 1
stekctl_at 1 farm init >/dev/null 2>&1 || bail "no farm"
secret=$tmp/1/www.farm
for host in $all; do
    [ "$host" = 1 ] || launch "$host"
done
for host in $all; do
    await_stekd "$host"
done
wait_for 60 is_whole || bail "not all hosts are there: $(grep -o '"state":"live"' "$tmp/fleet" | wc -l)"
# shellcheck disable=SC2086 # words
{
    begun=$(spent $stekds)
    key=$(measure 3000 "rotate --no-wait") || bail "a new key did not reach all"
    rotated=$(spent $stekds)
    # within 10 s a few hosts write again what few carry
    revocation=$(measure 12000 "revoke --all --no-wait") || bail "a revocation did not reach all"
    revoked=$(spent $stekds)
}

# at rest
etcds=$(cat "$tmp"/etcd/node*.pid 2>/dev/null)
sleep 5
# shellcheck disable=SC2086 # words
{
    before="$(spent $stekds) $(ran $etcds) $(traffic)"
    sleep "$rest_s"
    after="$(spent $stekds) $(ran $etcds) $(traffic)"
    private=$(kib_of '^Private_' $stekds | median)
    of_etcd=$(kib_of '^Private_' ${etcds:-$$} | median)
}
# 2 to 9: key, revocation; then each milliseconds and seconds: 10 begun, 12 rotated, 14 revoked, and,
# with etcd and bytes, 16 before, 20 after
echo "$engine $key $revocation $begun $rotated $revoked $before $after" | awk -v hosts="$count" \
    -v private="$private" -v of_etcd="$of_etcd" -v nodes="$(echo "$etcds" | wc -w)" -v rounds="$rounds" '
# of one change at one host, without what time costs anyway
function change(ms, s) { return (ms - s * rest) / rounds / hosts }
{
    s = $21 - $17
    rest = ($20 - $16) / s
    printf "%s, %d hosts\n", $1, hosts
    printf "  new key to each host: median %s ms, p99 %s ms; to the last: median %s ms, worst %s ms\n",
        $2, $3, $4, $5
    printf "  revocation:           median %s ms, p99 %s ms; to the last: median %s ms, worst %s ms\n",
        $6, $7, $8, $9
    printf "  processor time:       %.2f ms a host for a key, %.2f ms for a revocation\n",
        change($12 - $10, $13 - $11), change($14 - $12, $15 - $13)
    printf "  stekd at rest:        %.1f MiB private, %.2f ms of processor time a second\n",
        private / 1024, rest / hosts
    if (nodes > 0)
        printf "  etcd at rest:         %.0f MiB private a node, %.1f ms of processor time a second\n",
            of_etcd / 1024, ($22 - $18) / s / nodes
    printf "  traffic:              %.0f KiB per host and hour\n", ($23 - $19) / 1024 / hosts * 3600 / s
}'
exit 0
