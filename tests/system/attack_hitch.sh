#!/bin/sh
# Certificates, names and client CAs of hitch under the preload. It has one client CA an address.
# shellcheck source=tests/system/frame.sh disable=SC2034 # name: frame.sh uses it
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/system/attacks.sh
. "${0%/*}/attacks.sh"

need hitch usr/sbin/hitch
make_attack_certs
start_stekd
cat <<EOT | nginx_conf back none
    server { listen unix:$tmp/back.plain; return 200 "back\n"; }
EOT
launch back none
chmod 711 "$tmp" # hitch's workers are nobody

# address_ca INSTANCE: whatever host it is of.
address_ca() {
    case $1 in
    half | inner) host_ca "$1" b.test ;;
    *) host_ca "$1" a.test ;;
    esac
}

# frontend INSTANCE: with certificates of its own.
frontend() {
    ca=$(address_ca "$1")
    cat <<EOT
frontend = {
    host = "$address"
    port = "$(target "$1" | sed 's/.*://')"
    pem-file = "$tmp/b.test.both"
    pem-file = "$tmp/a.test.both"
    client-verify = $([ -z "$ca" ] && echo none || echo required)
    $([ -z "$ca" ] || echo "client-verify-ca = \"$tmp/$ca.pem\"")
}
EOT
}

# hitch_conf NAME: the last certificate is the default one.
hitch_conf() {
    ca=$(address_ca "$1")
    cat <<EOT >"$tmp/$1.conf"
frontend = { host = "$address" port = "$(target "$1" | sed 's/.*://')" }
backend = "$tmp/back.plain"
$([ "$1" = other ] || echo "pem-file = \"$tmp/$(host_cert "$1" b.test).both\"")
pem-file = "$tmp/$(host_cert "$1" a.test).both"
tls-protos = TLSv1.2 TLSv1.3
workers = 1
daemon = off
client-verify = $([ -z "$ca" ] && echo none || echo required)
$([ -z "$ca" ] || echo "client-verify-ca = \"$tmp/$ca.pem\"")
$([ "$(id -u)" != 0 ] || echo 'user = "nobody"')
EOT
}

# ports_conf: two addresses in one process.
ports_conf() {
    {
        frontend ports
        frontend inner
        hitch_conf ports && sed '/^frontend/d' "$tmp/ports.conf"
    } >"$tmp/both.conf"
    mv "$tmp/both.conf" "$tmp/ports.conf"
}

launch_server() {
    preloaded "$1" "$root/usr/sbin/hitch" --config="$tmp/$1.conf"
}

reload_server() {
    signal_server "$1" HUP
}

port=24450
for name in plain renewed other half guarded swapped ports inner; do
    port=$((port + 1))
    at $name $port
    hitch_conf $name
done
ports_conf
run_instances plain renewed other guarded swapped ports
run_server half -v 1.2 -c "$tmp/client-b.both"
attack_certificates is_accepted
attack_names
attack_clients
attack_open_default
attack_ports
attack_reload
restart_with_label ports
attack_labelled_clients
attack_ports "with a label: "
finish
