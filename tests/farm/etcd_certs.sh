#!/bin/sh
# Three hosts share keys through etcd. The certificate of one expires, then it gets one of a CA that
# etcd does not know: it goes on with keys of its own, says why, and the others go on together. With
# a good one it is back after a reload, with no ticket lost.
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

# use_cert NAME: h3 comes with this one from now on.
use_cert() {
    etcd_cert=$1
    host_conf h3 >"$tmp/h3/stekd.conf"
}

says() {
    line=$(stekctl_at h3 fleet 2>&1)
    echo "$line" | grep -qi "$1"
}

bad_cert() {
    use_cert "$1"
    stop_stekd h3
    launch_stekd h3
    await_stekd h3
}

good_cert() {
    use_cert client
    kill -s HUP "$(cat "$tmp/h3/stekd.pid")" && wait_for 60 keys_agree && ask heal
}

begin_farm etcd
etcd cert expired stekd -1
etcd ca other
etcd cert foreign stekd 30 other
# shellcheck disable=SC2046 # words
ask cut h3 $(common_keys)
check "stekd of a host starts with an expired certificate" bad_cert expired
check "it says what is wrong" wait_for 60 says certificate
check "each side goes on, with keys of its own" go_apart h1 h3
check "it starts with a certificate of another CA" bad_cert foreign
check "it says what is wrong" wait_for 60 says certificate
check "with a good one all hosts have the same keys" good_cert
check "tickets of both sides are resumed everywhere" went_across
check "no ticket was lost" nothing_lost
finish
