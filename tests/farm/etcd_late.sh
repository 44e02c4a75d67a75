#!/bin/sh
# Two hosts whose etcd is not there when they start: each goes on with keys of its own, and says why.
# When etcd comes they have the same keys with no order, and what one gave out the other resumes.
# shellcheck source=tests/farm/world.sh
. "${0%/*}/world.sh"
# shellcheck source=tests/system/frame.sh
. "${0%/*}/../system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/../system/servers.sh"
# keys are made 6 s ahead, since a host that starts listens for others up to 5 s
policy="rotate = 4s patience = 3s lifetime = 40s"
# shellcheck source=tests/farm/farm.sh
. "${0%/*}/farm.sh"

prepare_stopped() {
    prepare_etcd
    etcd stop
}

share_stopped() {
    share_etcd "$1"
}

each_goes_on() {
    resumes 50 && rotates h1 && rotates h2
}

says_why() {
    line=$(stekctl_at "$1" fleet 2>&1)
    case $line in
    *10.99.0.20*) ;;
    *) return 1 ;;
    esac
}

nodes_start() {
    for node in 1 2 3; do
        etcd again "$node"
    done && etcd await
}

come_together() {
    wait_for 60 keys_agree && ask heal
}

hosts="h1 h2"
is_apart=yes
first_order="cut h2"
make_cert a.test
start_farm stopped
serve_all
check "each host goes on with keys of its own" each_goes_on
check "the one says which engine is not there" says_why h1
check "the other, too" says_why h2
check "etcd starts" nodes_start
check "the hosts come to the same keys" come_together
check "tickets that the one gave out before, the other resumes" went_back
check "keys rotate" rotates h1 2
check "no ticket was lost" nothing_lost
check "a revocation reaches both" revokes h2
check "no ticket was lost" nothing_lost
finish
