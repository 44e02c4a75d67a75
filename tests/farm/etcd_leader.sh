#!/bin/sh
# Three hosts share keys through three etcd nodes, of which the one that leads is killed and comes
# back: keys go on, and no ticket is lost.
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

another_leads() {
    newer=$(etcd_leader)
    [ -n "$newer" ] && [ "$newer" != "$leader" ]
}

kill_leader() {
    wait_for 60 find_leader && etcd kill "$leader" && wait_for 60 another_leads
}

bring_leader_back() {
    etcd again "$leader" && etcd await && all_are_well
}

begin_farm etcd
check "the leader is killed, and another one leads" kill_leader
check "keys rotate" rotates h1
check "all hosts have the same keys" wait_for 60 keys_agree
check "no ticket was lost" nothing_lost
check "the node comes back, and all are well" bring_leader_back
check "a revocation reaches all" revokes h2
check "no ticket was lost" nothing_lost
finish
