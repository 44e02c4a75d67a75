#!/bin/sh
# attack_nginx.sh module|preload - virtual hosts of nginx: certificates, names, client CAs.
# shellcheck source=tests/system/frame.sh disable=SC2034 # name: frame.sh uses it
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/system/attacks.sh
. "${0%/*}/attacks.sh"

kind=$1
make_attack_certs
start_stekd

# host INSTANCE HOST
host() {
    ca=$(host_ca "$1" "$2")
    server "$2" "${ca:+ssl_verify_client on; ssl_client_certificate $tmp/$ca.pem;}" \
        "$(host_cert "$1" "$2")"
}

launch_server() {
    name=$1
    set --
    [ -z "$label" ] || [ "$kind" = preload ] || set -- "stek_label $label;"
    {
        host "$name" a.test
        host "$name" b.test
    } | nginx_conf "$name" "$kind" "$@"
    launch "$name" "$kind"
}

# The preload sees the default host's rules only, so the ticket may be resumed; nginx looks itself.
is_not_served() {
    for version in 1.2 1.3; do
        take plain $version b.test "$tmp/open" && is served=b.test &&
            offer half $version b.test "$tmp/open" && ! is served=b.test || return 1
    done
}

run_instances plain renewed other mixed half guarded swapped
# its sessions are bound to the very certificate
attack_certificates is_refused
attack_names
attack_clients
if [ "$kind" = module ]; then
    attack_open_default
    attack_other_certificate
else
    check "behind an open default host nginx answers no request without one" is_not_served
fi
restart_with_label
attack_labelled_clients
finish
