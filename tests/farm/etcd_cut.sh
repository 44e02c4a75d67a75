#!/bin/sh
# Three hosts share keys through three etcd nodes, of which the one that leads is cut off from all
# others, and comes back: hosts that hang on it find another one, and no ticket is lost.
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

# It goes on to believe that it leads, for a while.
cut_leader_off() {
    wait_for 60 find_leader && cut_link "etcd$leader" && wait_for 60 another_leads
}

begin_farm etcd
check "the leader is cut off, and another one leads" cut_leader_off
check "keys rotate" rotates h1
check "all hosts have the same keys" wait_for 60 keys_agree
check "a revocation reaches all" revokes h2
check "no ticket was lost" nothing_lost
check "the node is back" mend_link "etcd$leader"
check "keys rotate" rotates h1
check "each host sees that all is well" all_are_well
check "no ticket was lost" nothing_lost
finish
