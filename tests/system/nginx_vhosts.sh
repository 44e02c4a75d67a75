#!/bin/sh
# Virtual hosts on one socket: a ticket of one is never resumed at another, whatever the client
# asks for, and hosts that want client certificates give no tickets unless labelled.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"

for host in a.test b.test w.test c.test v.test; do
    make_cert $host
done
make_cert client
cat "$tmp/client.pem" "$tmp/client.key" >"$tmp/client.both"
start_stekd

hosts() {
    server a.test
    server b.test
    server "*.w.test" "" w.test wild
    server '~^r[0-9]+\.test$' "" w.test regex
    server c.test "ssl_verify_client on; ssl_client_certificate $tmp/client.pem;"
}

for kind in module preload; do
    for name in "$kind" "$kind-2"; do
        hosts | nginx_conf "$name" "$kind"
        run_nginx "$name" "$kind"
    done
done
name=labelled
hosts | nginx_conf labelled module "stek_label fleet;"
run_nginx labelled module

# Other ideas of the same hosts: certificates of other names, c.test for everybody.
name=changed
{
    server a.test
    server b.test "" w.test
    server "*.w.test" "" b.test wild
    server '~^r[0-9]+\.test$' "" b.test regex
    server c.test
} | nginx_conf changed module
run_nginx changed module

# A default host that refuses strangers, so without a certificate.
for name in strict strict-2; do
    {
        echo "server { listen unix:$tmp/$name.sock ssl default_server; ssl_reject_handshake on; }"
        server a.test
    } | nginx_conf $name module
    launch $name module
    wait_for 60 "$client" -n a.test "unix:$tmp/$name.sock" || bail "nginx $name does not answer"
done

# A host whose certificate nginx reads when a connection comes, so its context has none.
variable_host() {
    cat <<EOT
    server {
        listen unix:$tmp/$name.sock ssl;
        server_name v.test;
        ssl_certificate $tmp/\$ssl_server_name.pem;
        ssl_certificate_key $tmp/\$ssl_server_name.key;
        return 200 "v.test\n";
    }
EOT
}

chmod 711 "$tmp" # its workers may be nobody
chmod 644 "$tmp"/v.test.*
for name in variable variable-labelled variable-labelled-2; do
    with_label=
    [ $name = variable ] || with_label="stek_label fleet;"
    {
        server a.test
        variable_host
    } | nginx_conf $name module "$with_label"
    run_nginx $name module
done
name=alone
variable_host | nginx_conf alone module "stek_label fleet;"
launch alone module
wait_for 60 "$client" -n v.test "unix:$tmp/alone.sock" || bail "nginx alone does not answer"

# Everybody may come to c.test, until it is reloaded.
open_hosts() {
    server a.test
    server c.test "${1:-}"
}

name=opened
open_hosts | nginx_conf opened preload
run_nginx opened preload

# crosses_all KIND HOST WORD: between two instances, in both versions, served by that host.
crosses_all() {
    for version in 1.2 1.3; do
        crosses $version "$2" "$1" "$1-2" && is "served=$3" || return 1
    done
}

# confuses KIND FROM_HOST TO_HOST: true if its ticket is resumed at the other one.
confuses() {
    for version in 1.2 1.3; do
        for to in "$1" "$1-2"; do
            take "$1" $version "$2" "$tmp/confuse" && offer "$to" $version "$3" "$tmp/confuse" ||
                return 0
            is full || return 0
        done
    done
    return 1
}

is_separate() {
    ! confuses "$@"
}

# no_sni KIND VERSION: a ticket taken without SNI is resumed without, and not with one.
no_sni() {
    shake "$1" -v "$2" -o "$tmp/no_sni" && is served=a.test && shake "$1" -v "$2" -i "$tmp/no_sni" &&
        is resumed && offer "$1" "$2" b.test "$tmp/no_sni" && is full served=b.test
}

# with_client SERVER VERSION: no tickets where a client certificate is asked for.
with_client() {
    shake "$1" -v "$2" -n c.test -c "$tmp/client.both" && is served=c.test tickets=0 key=-
}

with_label() {
    for version in 1.2 1.3; do
        shake labelled -v $version -n c.test -c "$tmp/client.both" -o "$tmp/c" &&
            is full served=c.test && [ "$(field tickets)" -gt 0 ] &&
            shake labelled -v $version -n c.test -c "$tmp/client.both" -i "$tmp/c" &&
            is resumed served=c.test && offer labelled $version a.test "$tmp/c" && is full || return 1
    done
}

crosses_all_to() {
    for version in 1.2 1.3; do
        crosses $version "$3" "$1" "$2" || return 1
    done
}

# is_full_at FROM TO HOST: its ticket is not resumed there.
is_full_at() {
    for version in 1.2 1.3; do
        take "$1" $version "$3" "$tmp/full" && offer "$2" $version "$3" "$tmp/full" && is full ||
            return 1
    done
}

# Tickets taken while c.test was open, then offered with the certificate that it asks for by now.
closes() {
    for version in 1.2 1.3; do
        take opened $version c.test "$tmp/closes$version" &&
            offer opened $version c.test "$tmp/closes$version" && is resumed served=c.test || return 1
    done
    name=opened
    open_hosts "ssl_verify_client on; ssl_client_certificate $tmp/client.pem;" |
        nginx_conf opened preload
    reload_nginx opened || return 1
    for version in 1.2 1.3; do
        shake opened -v $version -n c.test -i "$tmp/closes$version" -c "$tmp/client.both" &&
            is full served=c.test || return 1
    done
}

# no_tickets SERVER HOST
no_tickets() {
    for version in 1.2 1.3; do
        shake "$1" -v $version -n "$2" && is "served=$2" tickets=0 key=- || return 1
    done
}

resumes_labelled() {
    for version in 1.2 1.3; do
        crosses $version v.test "$1" "$2" && is served=v.test || return 1
    done
}

for kind in module preload; do
    check "$kind: a.test resumes at the other instance" crosses_all $kind a.test a.test
    check "$kind: so does b.test" crosses_all $kind b.test b.test
    check "$kind: so does a wildcard host" crosses_all $kind x.w.test wild
    check "$kind: so does a host by regular expression" crosses_all $kind r12.test regex
    check "$kind: so does a name that no host has" crosses_all $kind other.test a.test
    check "$kind: a ticket of a.test is not resumed at b.test" is_separate $kind a.test b.test
    check "$kind: nor the other way round" is_separate $kind b.test a.test
    check "$kind: nor from one name of a wildcard to another" is_separate $kind x.w.test y.w.test
    check "$kind: nor from a name that no host has to one that has" is_separate $kind other.test a.test
    check "$kind: no SNI is a name of its own, TLS 1.2" no_sni $kind 1.2
    check "$kind: no SNI is a name of its own, TLS 1.3" no_sni $kind 1.3
    check "$kind: a ticket of a.test does not open c.test" is_separate $kind a.test c.test
    check "$kind: no tickets with client certificates, TLS 1.2" with_client $kind 1.2
    check "$kind: no tickets with client certificates, TLS 1.3" with_client $kind 1.3
done
check "a host resumes behind a default host that refuses" crosses_all strict a.test a.test
check "stek_label allows tickets with client certificates, of that host alone" with_label
check "a label is another context" is_full_at module labelled a.test
check "also the other way round" is_full_at labelled module a.test
check "a host whose certificate has other names is another context" is_full_at module changed b.test
check "also the other way round" is_full_at changed module b.test
for host in B.Test b.test. b.test.:443 x.w.test r12.test; do
    check "the module finds the same host for $host as nginx" is_full_at module changed $host
done
for host in b.test.. .b.test x..w.test b.test.:4.4; do
    check "and the default one for $host" crosses_all_to module changed $host
done
check "a ticket taken without a client certificate is not resumed where one is asked for" \
    is_full_at changed module c.test
check "the default host is the same in both" crosses_all_to module changed a.test
check "preload: nor a ticket of an instance where nobody was asked for one" \
    is_full_at opened preload c.test
check "preload: nor one of a time before a reload" closes
check "a host with a certificate by variable gives no tickets" no_tickets variable v.test
check "it resumes none of the default host" is_full_at module variable v.test
check "with stek_label it resumes its own" resumes_labelled variable-labelled variable-labelled-2
check "but none of the default host" is_full_at labelled variable-labelled v.test
check "nor the default host its own" is_full_at variable-labelled labelled v.test
check "with stek_label it may be the only host" resumes_labelled alone alone
finish
