#!/bin/sh
# Virtual hosts of Apache under the preload: certificates, names, client CAs.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/system/attacks.sh
. "${0%/*}/attacks.sh"

need apache usr/sbin/apache2
make_attack_certs
start_stekd
chmod 711 "$tmp"

# vhost INSTANCE HOST [ADDRESS]
vhost() {
    cert=$(host_cert "$1" "$2")
    ca=$(host_ca "$1" "$2")
    mkdir -p "$tmp/docs/$2"
    echo "$2" >"$tmp/docs/$2/index.html"
    cat <<EOT
<VirtualHost ${3:-*}>
    ServerName $2
    DocumentRoot $tmp/docs/$2
    SSLEngine on
    SSLCertificateFile $tmp/$cert.pem
    SSLCertificateKeyFile $tmp/$cert.key
    ${ca:+SSLVerifyClient require}
    ${ca:+SSLCACertificateFile $tmp/$ca.pem}
</VirtualHost>
EOT
}

launch_server() {
    launch_apache "$1"
}

# reconfigure NAME INSTANCE: what it is like.
reconfigure() {
    {
        vhost "$2" a.test "$(target "$1")"
        vhost "$2" b.test "$(target "$1")"
        if [ "$1" = ports ]; then
            echo "Listen $(target inner)"
            vhost inner a.test "$(target inner)"
            vhost inner b.test "$(target inner)"
        fi
    } | apache_conf "$1"
}

reload_server() {
    signal_server "$1" USR1
}

port=24440
at inner $port
for name in plain renewed other half guarded swapped ports later; do
    port=$((port + 1))
    at $name $port
    reconfigure $name $name
    run_instances $name
done
attack_certificates is_accepted
attack_names
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
