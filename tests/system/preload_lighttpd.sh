#!/bin/sh
# Two lighttpd (mod_openssl) under the preload, one with a ticket key of its own. They need a label.
# shellcheck source=tests/system/frame.sh disable=SC2034 # label: servers.sh uses it
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need lighttpd usr/lib/lighttpd/mod_openssl.so
make_cert a.test
make_cert b.test
start_stekd
mkdir "$tmp/docs"
echo a.test >"$tmp/docs/index.html"

# version 0, active since 1970, until 2106, key
{
    printf '\0\0\0\0\0\0\0\0\377\377\377\377'
    head -c 80 /dev/urandom
} >"$tmp/own"

# lighttpd_conf NAME [DIRECTIVE]
lighttpd_conf() {
    cat <<EOT >"$tmp/$1.conf"
server.modules = ("mod_openssl", "mod_indexfile", "mod_staticfile")
server.bind = "$tmp/$1.sock"
server.document-root = "$tmp/docs"
index-file.names = ("index.html")
server.errorlog = "$tmp/$1.error.log"
ssl.engine = "enable"
ssl.pemfile = "$tmp/b.test.pem"
ssl.privkey = "$tmp/b.test.key"
${2:-}
\$HTTP["host"] == "a.test" {
    ssl.pemfile = "$tmp/a.test.pem"
    ssl.privkey = "$tmp/a.test.key"
}
EOT
}

lighttpd_conf one "ssl.stek-file = \"$tmp/own\""
lighttpd_conf two

launch_server() {
    preloaded "$1" "$root/usr/sbin/lighttpd" -D -m "$root/usr/lib/lighttpd" -f "$tmp/$1.conf"
}

# Its graceful restart: the same process reads its configuration again.
reload_server() {
    starts=$(count_starts "$1")
    kill -s USR1 "$(cat "$tmp/$1.pid")"
    wait_for 60 has_started_again "$1"
}

count_starts() {
    grep -c 'server started' "$tmp/$1.error.log"
}

has_started_again() {
    [ "$(count_starts "$1")" -gt "$starts" ]
}

# The context that accepts connections never has a certificate: lighttpd gives one to each
# connection, by its name.
no_tickets() {
    for version in 1.2 1.3; do
        shake "$1" -v $version -n a.test && is full tickets=0 served=a.test || return 1
    done
    grep -q 'STEK_LABEL sets one' "$tmp/$1.log"
}

run_server one
check "without a label there are no tickets, and it says why" no_tickets one
stop "$server_pid"
label=lighttpd
run_server one
run_server two
prove_server one two
finish
