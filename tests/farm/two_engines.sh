#!/bin/sh
# Three hosts share keys through etcd and a directory at once. Either fails while the other one
# carries on: keys rotate, all hosts have them, a revocation reaches all, and no ticket is lost.
# shellcheck source=tests/farm/world.sh
. "${0%/*}/world.sh"
# shellcheck source=tests/system/frame.sh
. "${0%/*}/../system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/../system/servers.sh"
# shellcheck source=tests/farm/farm.sh
. "${0%/*}/farm.sh"

etcd_fails() {
    etcd stop
}

etcd_comes_back() {
    for node in 1 2 3; do
        etcd again "$node"
    done && etcd await && all_are_well
}

directory_fails() {
    for host in $hosts; do
        cut_directory "$host"
    done
}

begin_farm etcd directory
check "etcd ends" etcd_fails
check "keys rotate without it" rotates h1 2
check "all hosts have the same keys" wait_for 60 keys_agree
check "a revocation reaches all" revokes h2
check "no ticket was lost" nothing_lost
check "etcd comes back, and all are well" etcd_comes_back
check "the directory goes away at all hosts" directory_fails
check "keys rotate without it" rotates h1 2
check "all hosts have the same keys" wait_for 60 keys_agree
check "a revocation reaches all" revokes h3
check "no ticket was lost" nothing_lost
finish
