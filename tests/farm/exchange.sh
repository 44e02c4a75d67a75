#!/bin/sh
# exchange.sh ENGINE... - three hosts share keys, with handshakes between them all the time: keys
# rotate by time and by order, a host is cut off for longer than keys are made ahead and comes back,
# keys are revoked. No ticket is lost that could be kept (pool.h).
# shellcheck source=tests/farm/world.sh
. "${0%/*}/world.sh"
# shellcheck source=tests/system/frame.sh
. "${0%/*}/../system/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/../system/servers.sh"
# shellcheck source=tests/farm/farm.sh
. "${0%/*}/farm.sh"

rotate_by_order() {
    before=$(sealing_at h1)
    line=$(stekctl_at h3 rotate 2>&1) && wait_for 60 seals_another h1 "$before"
}

begin_farm "$@"
check "keys rotate" rotates h1
check "no ticket was lost" nothing_lost
check "a host is cut off" cut_off h2
check "both sides go on, each with keys of its own" go_apart h1 h2
check "no ticket was lost, across the cut neither" nothing_lost
check "it comes back, and soon all hosts have the same keys" bring_back h2
check "tickets of both sides are resumed everywhere" went_across
check "stekctl rotate" rotate_by_order
check "no ticket was lost" nothing_lost
check "a revocation reaches all, and what it withdrew opens nowhere again" revokes h3
check "no ticket was lost after it" nothing_lost
finish
