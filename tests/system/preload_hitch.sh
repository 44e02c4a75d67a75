#!/bin/sh
# Two hitch under the preload. It has no way to be given ticket keys, and never changes its own.
# shellcheck source=tests/system/frame.sh disable=SC2034 # name: frame.sh uses it
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need hitch usr/sbin/hitch
hitch=$root/usr/sbin/hitch
make_both a.test
make_both b.test
start_stekd

# What hitch passes connections on to.
cat <<EOT | nginx_conf back none
    server { listen unix:$tmp/back.plain; return 200 "back\n"; }
EOT
launch back none
chmod 711 "$tmp" # hitch's workers are nobody
at one 24431
at two 24432
for name in one two; do
    cat <<EOT >"$tmp/$name.conf"
frontend = { host = "$address" port = "$(target $name | sed 's/.*://')" }
backend = "$tmp/back.plain"
pem-file = "$tmp/b.test.both"
pem-file = "$tmp/a.test.both"
tls-protos = TLSv1.2 TLSv1.3
workers = 2
daemon = off
$([ "$(id -u)" != 0 ] || echo 'user = "nobody"')
EOT
done

launch_server() {
    preloaded "$1" "$hitch" --config="$tmp/$1.conf"
}

reload_server() {
    signal_server "$1" HUP
}

run_server one
run_server two
prove_server one two -c
finish
