#!/bin/sh
# Three hosts share keys through three etcd nodes, which all end and are started again: keys go on,
# the hosts find their way back, and no ticket is lost.
# shellcheck source=tests/farm/world.sh
. "${0%/*}/world.sh"
# shellcheck source=tests/system/frame.sh
. "${0%/*}/../system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/../system/servers.sh"
# keys are made 9 s ahead: none seals before those who elect are done
policy="rotate = 6s patience = 5s lifetime = 60s"
# shellcheck source=tests/farm/farm.sh
. "${0%/*}/farm.sh"

restart_all() {
    etcd stop && for node in 1 2 3; do
        etcd again "$node"
    done && etcd await
}

begin_farm etcd
check "all nodes end, and are started again" restart_all
check "keys rotate" rotates h1
check "all are well, and have the same keys" all_are_well
check "no ticket was lost" nothing_lost
check "a revocation reaches all" revokes h2
check "no ticket was lost" nothing_lost
finish
