#!/bin/sh
# Two nginx as packaged, one with the module, one with the preload: they resume each other's
# tickets, follow rotation and revocation with no reload, and outlive stekd.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

make_cert a.test
head -c 80 /dev/urandom >"$tmp/own1"
head -c 80 /dev/urandom >"$tmp/own2"
start_stekd
# keys of their own, each another one: they must not count
for kind in module preload; do
    own=own1
    [ "$kind" = module ] || own=own2
    name=$kind
    server a.test "ssl_session_ticket_key $tmp/$own;" | nginx_conf "$kind" "$kind"
    run_nginx "$kind" "$kind"
done

all_cross() {
    for version in 1.2 1.3; do
        crosses $version a.test module preload && crosses $version a.test preload module || return 1
    done
}

# A ticket that was taken before is still resumed, and in TLS 1.3 and for old keys replaced.
old_resume() {
    for version in 1.2 1.3; do
        for to in module preload; do
            offer $to $version a.test "$tmp/old$version" && is resumed tickets=1 \
                "key=$(sealing_key)" || return 1
        done
    done
}

still_resume() {
    for version in 1.2 1.3; do
        for to in module preload; do
            offer $to $version a.test "$tmp/old$version" && is resumed || return 1
        done
    done
}

take_old() {
    take module 1.2 a.test "$tmp/old1.2" && take preload 1.3 a.test "$tmp/old1.3"
}

old_are_full() {
    for version in 1.2 1.3; do
        for to in module preload; do
            offer $to $version a.test "$tmp/old$version" && is full "key=$(sealing_key)" || return 1
        done
    done
}

sealed_by() {
    take "$1" "$2" a.test "$tmp/new" && [ "$(field key)" = "$(sealing_key)" ]
}

# The servers' clock and stekd's may round differently: new keys show within a second or two.
rotate() {
    before=$(sealing_key)
    stekctl rotate >/dev/null && wait_for 60 has_rotated
}

has_rotated() {
    [ -n "$before" ] && [ "$(sealing_key)" != "$before" ] && sealed_by module 1.3 &&
        sealed_by preload 1.3
}

revoke_all() {
    stekctl revoke --all >/dev/null
}

# Each server has sealed and opened.
has_counts() {
    [ "$(stekctl --json status | grep -c '"program": "nginx"')" = 2 ] &&
        ! stekctl --json status | grep -qE '"(sealed|opened|renewed)": 0,'
}

reload_module() {
    name=module
    server a.test "" a.test reloaded | nginx_conf module module
    reload_nginx module && shake module -n a.test && is served=reloaded
}

check "tickets are sealed under the ring's key, not the server's own: module" sealed_by module 1.2
check "the same: preload" sealed_by preload 1.3
check "module and preload resume each other, TLS 1.2 and 1.3" all_cross
take_old
check "rotation" rotate
check "tickets of the old key are resumed and replaced, with no reload" old_resume
check "new tickets are under the new key" sealed_by module 1.3
check "module and preload resume each other under the new key" all_cross
take_old
check "stekd shows what the servers count" wait_for 60 has_counts
check "reload of nginx" reload_module
check "tickets from before the reload are resumed" still_resume
check "revocation of all keys, with a fresh one at once" revoke_all
check "revoked tickets get full handshakes and new tickets, with no reload" old_are_full
check "new tickets are resumed" all_cross

take_old
key=$(sealing_key)
stop "$stekd" KILL
check "stekd killed: tickets go on" all_cross
start_stekd
check "stekd again: the same key seals" [ "$(sealing_key)" = "$key" ]
check "rotation after that" rotate
check "tickets from before are resumed and replaced" old_resume
finish
