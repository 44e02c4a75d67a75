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

# vhost INSTANCE HOST
vhost() {
    cert=$(host_cert "$1" "$2")
    ca=$(host_ca "$1" "$2")
    mkdir -p "$tmp/docs/$2"
    echo "$2" >"$tmp/docs/$2/index.html"
    cat <<EOT
<VirtualHost *>
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

port=24440
for name in plain renewed other half guarded swapped; do
    port=$((port + 1))
    at $name $port
    {
        vhost $name a.test
        vhost $name b.test
    } | apache_conf $name
    run_instances $name
done
attack_certificates is_accepted
attack_names
attack_clients
attack_open_default
restart_with_label
attack_labelled_clients
finish
