#!/bin/sh
# Certificates, names and client CAs of one HAProxy address, under the preload.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/system/attacks.sh
. "${0%/*}/attacks.sh"

need haproxy usr/sbin/haproxy
make_attack_certs
start_stekd

# crt_line INSTANCE HOST: of a crt-list.
crt_line() {
    ca=$(host_ca "$1" "$2")
    echo "$tmp/$(host_cert "$1" "$2").both ${ca:+[verify required ca-file $tmp/$ca.pem]} $2"
}

# haproxy_conf NAME INSTANCE [BIND_OPTIONS [LINE]]
haproxy_conf() {
    {
        crt_line "$2" a.test
        crt_line "$2" b.test
    } >"$tmp/$1.list"
    cat <<EOT >"$tmp/$1.conf"
defaults
    mode http
    timeout client 60s
    timeout connect 60s
    timeout server 60s
frontend tls
    bind unix@$tmp/$1.sock ssl crt-list $tmp/$1.list ${3:-}
    ${4:-}
    http-request return status 200 content-type text/plain string "x"
EOT
}

reconfigure() {
    haproxy_conf "$1" "$2"
}

reload_server() {
    signal_server "$1" USR2
}

launch_server() {
    preloaded "$1" "$root/usr/sbin/haproxy" -W -db -f "$tmp/$1.conf"
}

haproxy_conf inner inner # for its list
for name in plain renewed other mixed half guarded swapped ports later; do
    inner=
    [ $name != ports ] || inner="bind unix@$tmp/inner.sock ssl crt-list $tmp/inner.list"
    haproxy_conf $name $name "" "$inner"
    run_instances $name
done
for name in strict strict-2; do
    haproxy_conf $name plain strict-sni
    run_server $name -n a.test
done
attack_certificates is_accepted
attack_names
attack_other_certificate
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
check "strict-sni: a host resumes at the other instance" is_accepted strict b.test strict-2 b.test
check "not at another host" is_refused strict b.test strict-2 a.test
finish
