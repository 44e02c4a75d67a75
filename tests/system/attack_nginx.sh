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

# hosts INSTANCE: on the socket of $name.
hosts() {
    host "$1" a.test
    host "$1" b.test
}

# reconfigure NAME INSTANCE: what it is like.
reconfigure() {
    name=$1
    with_label=
    [ -z "$label" ] || [ "$kind" = preload ] || with_label="stek_label $label;"
    {
        hosts "$2"
        if [ "$1" = ports ]; then
            name=inner
            hosts inner
        fi
    } | nginx_conf "$1" "$kind" "$with_label"
}

launch_server() {
    reconfigure "$1" "$1"
    launch "$1" "$kind"
}

reload_server() {
    signal_server "$1" HUP
}

run_instances plain renewed other mixed half guarded swapped ports later
# its sessions are bound to the very certificate
attack_certificates is_refused
attack_names
[ "$kind" = preload ] || attack_other_certificate
attack_clients
attack_open_default
attack_ports
attack_neighbours
attack_later
attack_reload
restart_with_label ports
attack_labelled_clients
attack_ports "with a label: "
attack_neighbours "with a label: "
finish
