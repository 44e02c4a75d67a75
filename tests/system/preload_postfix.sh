#!/bin/sh
# Two Postfix smtpd (TLS from the first byte) under the preload, one in a chroot. Their own keys are
# made by tlsmgr, each its own; there is no way to give it others.
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
# shellcheck source=tests/system/servers.sh
. "${0%/*}/servers.sh"

need postfix usr/lib/postfix/sbin/smtpd
if [ "$(id -u)" != 0 ]; then
    echo "1..0 # SKIP Postfix needs root"
    exit 0
fi
make_cert a.test
start_stekd
chmod 711 "$tmp"

# postfix_conf NAME y|n: smtpd in a chroot or not. Its users are any two that nothing here runs as.
postfix_conf() {
    mkdir -p "$tmp/$1.conf" "$tmp/$1.spool" "$tmp/$1.data"
    for folder in pid private public; do
        mkdir "$tmp/$1.spool/$folder"
    done
    chown games "$tmp/$1.data" "$tmp/$1.spool/private" "$tmp/$1.spool/public"
    chgrp tape "$tmp/$1.spool/public"
    : >"$tmp/$1.conf/dynamicmaps.cf"
    cat <<EOT >"$tmp/$1.conf/main.cf"
compatibility_level = 3.6
config_directory = $tmp/$1.conf
meta_directory = $tmp/$1.conf
shlib_directory = $root/usr/lib/postfix
daemon_directory = $root/usr/lib/postfix/sbin
command_directory = $root/usr/sbin
queue_directory = $tmp/$1.spool
data_directory = $tmp/$1.data
maillog_file_prefixes = $tmp
maillog_file = $tmp/$1.mail.log
mail_owner = games
setgid_group = tape
import_environment = MAIL_CONFIG LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH LD_PRELOAD STEK_RING
myhostname = a.test
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_client_connection_count_limit = 0
smtpd_tls_cert_file = $tmp/a.test.pem
smtpd_tls_key_file = $tmp/a.test.key
smtpd_tls_security_level = may
smtpd_tls_wrappermode = yes
smtpd_peername_lookup = no
EOT
    cat <<EOT >"$tmp/$1.conf/master.cf"
$(target "$1") inet n - $2 - 10 smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
EOT
    # it waits until files that it reads have been left alone for two seconds
    touch -d '1 minute ago' "$tmp/$1.conf/main.cf" "$tmp/$1.conf/master.cf"
}

launch_server() {
    export LD_LIBRARY_PATH="$root/usr/lib/postfix"
    preloaded "$1" setsid "$root/usr/lib/postfix/sbin/master" -d -c "$tmp/$1.conf"
    unset LD_LIBRARY_PATH
}

# It starts processes when there is something to do.
reload_server() {
    server_pid=$(cat "$tmp/$1.pid")
    old=$(children "$server_pid")
    kill -s HUP "$server_pid" || return 1
    # shellcheck disable=SC2086 # words
    wait_for 60 all_ended $old
}

at one 24461
at two 24462
postfix_conf one n
postfix_conf two y
run_server one
run_server two
prove_server one two
finish
