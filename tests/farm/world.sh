# shellcheck shell=sh
# world.sh - a small world of its own for a script, to be read before anything else:
#   . "${0%/*}/world.sh"
#
# The script runs again as process 1 of new namespaces (network, mounts, processes), in which it may
# make hosts. However it ends, killed too, nothing of the world is left: the kernel removes it with
# that process, and who waits outside, its temporary folder ($TMPDIR).
# It takes root, or a kernel that lets users have user namespaces. Where it has neither, the script
# calls world_impossible WHY.
#
#            hosts:  h1   h2   h3   etcd1 ...
#                    ││   ││   ││   │
#   farm ────────────┼┴───┼┴───┼┴───┴──      10.99.0.N: between hosts; cut_link takes it down
#   front ───────────┴────┴────┴─────────    10.98.0.N: clients, who always reach each host

# ---- outside ----

if ! type world_impossible >/dev/null 2>&1; then
    world_impossible() {
        echo "1..0 # SKIP $*"
        exit 0
    }
fi

# What is asked of the kernel, tried.
# shellcheck disable=SC2016 # of the shell that tries it
world_try='ip link add farm type bridge && ip link add one type veth peer name two &&
    unshare --net --mount $1 true'

# world_kinds: how a world can be made here, as arguments of unshare; fails if not at all.
world_kind() {
    # in a chroot / may be no mount of its own, whose spreading could be stopped
    for mounts in '--propagation private' '--propagation unchanged'; do
        for user in '' '--user --map-root-user'; do
            kind="$user $mounts --mount --net --pid --fork --kill-child --mount-proc"
            # shellcheck disable=SC2086 # words
            if unshare $kind sh -c "$world_try" sh "$mounts" >"$TMPDIR/try.log" 2>&1; then
                FARM_MOUNTS=$mounts
                FARM_USER=$user
                return 0
            fi
        done
    done
    return 1
}

world_remove() {
    trap '' HUP INT PIPE TERM
    [ -z "${world:-}" ] || kill -s KILL "$world" 2>/dev/null
    wait
    tries=50 # its last processes are about to end
    until rm -rf "$TMPDIR" 2>/dev/null || [ "$tries" -eq 0 ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
}

if [ -z "${FARM_MOUNTS:-}" ]; then
    command -v ip >/dev/null || world_impossible "no program ip: run tools/deps"
    TMPDIR=$(mktemp -d)
    export TMPDIR FARM_MOUNTS FARM_USER
    trap world_remove EXIT
    trap 'exit 1' HUP INT PIPE TERM
    world_kind || world_impossible "hosts are network namespaces, with a bridge and veth pairs:" \
        "they need root (CAP_SYS_ADMIN, CAP_NET_ADMIN) or user namespaces for everybody" \
        "(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces), and here:" \
        "$(tail -n 1 "$TMPDIR/try.log")"
    chmod 711 "$TMPDIR"
    # shellcheck disable=SC2086 # words
    setpriv --pdeathsig KILL unshare $kind "$0" "$@" &
    world=$!
    wait "$world"
    exit
fi

# ---- inside ----

# secrets of the farm are on no disk, and go with the world
case $FARM_MOUNTS in
*private) mount -t tmpfs -o mode=711 farm "$TMPDIR" ;;
esac
ip -batch - <<'EOT'
link set lo up
link add farm type bridge mcast_snooping 0
link add front type bridge mcast_snooping 0
addr add 10.99.0.254/24 dev farm
addr add 10.98.0.254/24 dev front
link set farm up
link set front up
EOT

# host_of VARIABLE NAME: what add_host noted of that host.
host_of() {
    eval "echo \"\$$1_$2\""
}

has_namespaces() {
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        [ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

# add_host NAME NUMBER: a host with the addresses 10.99.0.NUMBER and 10.98.0.NUMBER. After frame.sh.
add_host() {
    # shellcheck disable=SC2086 # words
    unshare $FARM_MOUNTS --net --mount sleep infinity &
    holder=$!
    pids="$pids $holder"
    wait_for 60 has_namespaces "$holder" || bail "no namespaces for the host $1"
    for net in farm front; do
        ip link add "$net-$1" master "$net" up type veth peer name "$net" netns "$holder" ||
            bail "no link for the host $1"
    done
    eval "enter_$1='nsenter --target $holder --net --mount --root --wd --'"
    eval "number_$1=$2"
    in_host "$1" ip -batch - <<EOT || bail "no addresses for the host $1"
link set lo up
addr add 10.99.0.$2/24 dev farm
addr add 10.98.0.$2/24 dev front
link set farm up
link set front up
EOT
}

# in_host NAME COMMAND...: as the world's root.
in_host() {
    enter=$(host_of enter "$1")
    shift
    $enter "$@"
}

# words_of NAME: what is to be put before a command that shall run there, as root, or where the world
# has no other users, as one that is not root: servers would try to become another user.
words_of() {
    echo "$(host_of enter "$1")${FARM_USER:+ unshare --user --map-user=1000 --map-group=1000 --}"
}

farm_address() {
    echo "10.99.0.$(host_of number "$1")"
}

front_address() {
    echo "10.98.0.$(host_of number "$1")"
}

# cut_link NAME, mend_link NAME: between it and the other hosts.
cut_link() {
    ip link set "farm-$1" down
}

mend_link() {
    ip link set "farm-$1" up
}
