#!/bin/sh
# Two Apache (mod_ssl, event) under the preload, one with a ticket key of its own.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need apache usr/sbin/apache2
make_cert a.test
make_cert b.test
start_stekd
head -c 48 /dev/urandom >"$tmp/own"
mkdir "$tmp/docs"
echo a.test >"$tmp/docs/index.html"
at one 24433
at two 24434

vhost() {
    cat <<EOT
<VirtualHost *>
    ServerName a.test
    DocumentRoot $tmp/docs
    SSLEngine on
    SSLCertificateFile $tmp/a.test.pem
    SSLCertificateKeyFile $tmp/a.test.key
    ${1:-}
</VirtualHost>
EOT
}

vhost "SSLSessionTicketKeyFile $tmp/own" | apache_conf one
vhost | apache_conf two

launch_server() {
    launch_apache "$1"
}

reload_server() {
    signal_server "$1" USR1
}

run_server one
run_server two
prove_server one two
finish
