#!/bin/sh
# Names and client CAs of one lighttpd address, under the preload. It works with a label only, and
# has no certificate where a ticket could be bound to it: all servers with the label are one site.
# shellcheck source=tests/system/frame.sh disable=SC2034 # label: servers.sh uses it
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/system/attacks.sh
. "${0%/*}/attacks.sh"

need lighttpd usr/lib/lighttpd/mod_openssl.so
make_attack_certs
start_stekd
mkdir "$tmp/docs"
echo here >"$tmp/docs/index.html"

# lighttpd_conf INSTANCE: a.test is the default host, b.test may want client certificates.
lighttpd_conf() {
    ca=$(host_ca "$1" b.test)
    cat <<EOT >"$tmp/$1.conf"
server.modules = ("mod_openssl", "mod_indexfile", "mod_staticfile")
server.bind = "$tmp/$1.sock"
server.document-root = "$tmp/docs"
index-file.names = ("index.html")
server.errorlog = "$tmp/$1.error.log"
ssl.engine = "enable"
ssl.pemfile = "$tmp/$(host_cert "$1" a.test).pem"
ssl.privkey = "$tmp/$(host_cert "$1" a.test).key"
\$HTTP["host"] == "b.test" {
    ssl.pemfile = "$tmp/$(host_cert "$1" b.test).pem"
    ssl.privkey = "$tmp/$(host_cert "$1" b.test).key"
    ssl.verifyclient.activate = "$([ -z "$ca" ] && echo disable || echo enable)"
    ssl.verifyclient.enforce = "enable"
    ssl.verifyclient.ca-file = "$tmp/client-b.pem"
}
EOT
}

launch_server() {
    preloaded "$1" "$root/usr/sbin/lighttpd" -D -m "$root/usr/lib/lighttpd" -f "$tmp/$1.conf"
}

# with_certificate: a client with one gets in.
with_certificate() {
    for version in 1.2 1.3; do
        shake half -v $version -n b.test -c "$tmp/client-b.both" && is full served=here || return 1
    done
}

for name in plain renewed half stranger; do
    lighttpd_conf $name
done
label=fleet
run_instances plain renewed half
label=others
run_instances stranger
attack_names
check "a label is another site" is_refused plain a.test stranger a.test
check "also the other way round" is_refused stranger b.test plain b.test
check "a host that wants client certificates has them" with_certificate
check "a ticket of its open neighbour does not open it" is_refused half a.test half b.test
check "nor one without SNI" is_refused half none half b.test
check "nor one of a name that no host has" is_refused half y.test half b.test
finish
