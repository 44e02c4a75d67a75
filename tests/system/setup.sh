#!/bin/sh
# stekctl setup, for a system below $tmp/root: what it writes for which configuration, what systemd
# says to that, that a second run changes nothing, what it removes, and what it leaves alone.
STEK_NGINX=${STEK_NGINX:-none}
# shellcheck source=tests/system/frame.sh disable=SC2154 # tmp: of frame.sh
. "${0%/*}/frame.sh"

root=$tmp/root
units=$root/etc/systemd/system
drop_in=$units/stekd.service.d/50-stekctl-setup.conf
reload=$units/stek-reload-www-haproxy
link=$units/multi-user.target.wants/stek-reload-www-haproxy.path
conf=$root/etc/stek/stekd.conf
group=$(id -gn)
systemd=${STEK_SERVERS:-none}/systemd
mkdir -p "$root/etc/stek"

setup() {
    line=$("$STEK_BUILD/src/stekctl" setup --root "$root" "$@" 2>&1)
}

# ends STATUS TEXT ARGUMENT...: setup ends so and says that.
ends() {
    expected=$1
    text=$2
    shift 2
    setup "$@"
    [ "$?" -eq "$expected" ] || return 1
    case $line in
    *"$text"*) ;;
    *) return 1 ;;
    esac
}

absent() {
    [ ! -e "$1" ] && [ ! -L "$1" ]
}

# has LINE: the drop-in.
has() {
    line=$(cat "$drop_in")
    grep -qxF -- "$1" "$drop_in"
}

has_no() {
    ! has "$1"
}

# all_of_it: a sum of all files and links.
all_of_it() {
    (cd "$root" && find . | LC_ALL=C sort && find . -type f -exec cksum {} + && find . -type l -exec readlink {} +) | cksum
}

check 'without a file there is nothing to do' ends 0 'nothing to change'
check 'and nothing is there' absent "$root/etc/systemd"

echo "keyset \"www\" { group = \"$group\" }  keyset \"mail\" { group = \"$group\" }" >"$conf"
check 'a dry run shows what it would write' ends 0 "        SupplementaryGroups=$group" --dry-run
check 'and writes nothing' absent "$root/etc/systemd"
check 'groups of keysets' setup
check 'each once' has "SupplementaryGroups=$group"
check 'no network' has_no PrivateNetwork=no
check 'all may read it' test "$(stat -c %a "$drop_in")" = 644

echo 'keyset "www" { }  metrics { listen = { "127.0.0.1:9779", "[::1]:9779" } }' >"$conf"
check 'metrics on this host' setup
check 'need the network' has PrivateNetwork=no
check 'of TCP' has 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6'
check 'of this host alone' has IPAddressAllow=localhost
check 'and no groups' has_no "SupplementaryGroups=$group"
echo 'keyset "www" { }  metrics { listen = { "127.0.0.1:9779", "192.0.2.1:9779" } }' >"$conf"
check 'metrics for others' setup
check 'need any address' has IPAddressAllow=any

head -c 32 /dev/urandom >"$tmp/persist.key"
chmod 600 "$tmp/persist.key"
cat >"$conf" <<EOT
keyset "www" { persist = "$tmp/persist.key" persist_file = "/srv/a b%c/www.keys" }
keyset "mail" { persist = "$tmp/persist.key" persist_file = "/var/lib/stek/mail.keys" }
EOT
check 'a keyset that is saved elsewhere' setup
check 'needs to write there' has 'ReadWritePaths="/srv/a b%%c"'
check 'and nowhere else' test "$(grep -c ReadWritePaths "$drop_in")" -eq 1

cat >"$conf" <<EOT
keyset "www" { farm = "/etc/farm/www.farm" share "directory" { path = "/srv/farm" } }
keyset "mail" { share "directory" { path = "/var/lib/stek/shared" } }
EOT
check 'keysets that are shared' setup
check 'need to write the farm' has 'ReadWritePaths="/etc/farm"'
check 'and what they say' has 'ReadWritePaths="/srv/farm"'
check 'not where it may write anyway' test "$(grep -c ReadWritePaths "$drop_in")" -eq 2
check 'and no network for that' has_no PrivateNetwork=no
for share in '"peers" { peers = {"192.0.2.2:7984"} }' \
    '"etcd" { endpoints = {"https://192.0.2.2:2379"} ca = "/c" cert = "/c" key = "/k" }'; do
    echo "keyset \"www\" { share $share }" >"$conf"
    check 'keysets that are shared by network' setup
    check 'need it' has PrivateNetwork=no
    check 'and any address' has IPAddressAllow=any
done

echo 'keyset "www" { }' >"$conf"
check 'nothing is needed any more' ends 0 "remove  $drop_in"
check 'so it is gone' absent "$drop_in"

# ---- reloads ----

check 'a server that takes keys from files' ends 0 "write   $reload.path" --reload haproxy
check 'its folder is watched' grep -qx PathChanged=/run/stek/pub/www "$reload.path"
check 'it is reloaded' grep -qx 'ExecStart=systemctl reload haproxy.service' "$reload.service"
check 'from the next start on' test "$(readlink "$link")" = ../stek-reload-www-haproxy.path -a -e "$link"
if [ -x "$systemd/usr/bin/systemd-analyze" ]; then
    verify() { # a machine without systemd has no systemctl either
        line=$(LD_LIBRARY_PATH=$(echo "$systemd"/usr/lib/*/systemd) \
            SYSTEMD_UNIT_PATH="$units:$systemd/lib/systemd/system:" \
            "$systemd/usr/bin/systemd-analyze" verify --man=no "$@" 2>&1 |
            grep -v 'Command systemctl is not executable')
        [ -z "$line" ]
    }
    check 'systemd finds nothing wrong with that' verify "$reload.path" "$reload.service"
else
    skip 'systemd finds nothing wrong with that' 'no systemd-analyze here'
fi
before=$(all_of_it)
check 'the same again' ends 0 'nothing to change' --reload haproxy.service -k www
check 'and without asking for it' ends 0 'nothing to change'
check 'changes nothing' test "$before" = "$(all_of_it)"
check 'another one' setup --reload haproxy@b
check 'has units of its own' test -f "$reload-b.path"
check 'one is taken back' ends 0 "remove  $reload.path" --reload haproxy --remove
check 'with its link' absent "$link"
check 'the other stays' test -f "$reload-b.path"

echo 'keyset "mail" { }  keyset "web" { }' >"$conf"
check 'of a keyset that is no more' ends 0 "remove  $reload-b.service"
check 'nothing stays' absent "$reload-b.path"
check 'of several keysets one must be named' ends 2 'several keysets: say with -k' --reload haproxy
check 'that is there' ends 2 'no keyset "www" in the configuration' --reload haproxy -k www
for name in 'a b' '../x' '-x' '' 'a%i' 'x/y'; do
    check "\"$name\" is no service" ends 2 'cannot name a service' --reload "$name" -k web
done
check 'nothing came of these' test -z "$(find "$root/etc/systemd" -name 'stek-reload*')"

# ---- what others wrote ----

echo "keyset \"web\" { group = \"$group\" }" >"$conf"
mkdir -p "${drop_in%/*}"
echo '[Service]' >"$drop_in"
before=$(all_of_it)
check 'a file that others wrote is not replaced' ends 1 "$drop_in is there, and not by" --reload haproxy
check 'nor anything else done' test "$before" = "$(all_of_it)"
check 'nor removed' ends 1 "$drop_in is there, and not by" --remove
check 'it stays' test "$before" = "$(all_of_it)"
rm "$drop_in"
check 'everything' setup --reload haproxy
check 'is taken back' setup --remove
check 'entirely' test -z "$(find "$root/etc/systemd" ! -type d)"
echo 'keyset "web" { rotate = soon }' >"$conf"
check 'a faulty configuration is told' ends 1 "$conf:1: rotate = soon: not a time"
check 'one that is asked for must be there' ends 1 'No such file' -c "$tmp/none.conf"

echo "keyset \"web\" { group = \"$group\" }" >"$conf"
check 'for programs' setup --json
printf '%s\n' "$line" >"$tmp/setup.json"
check 'it is JSON' test "$("$STEK_BUILD/tests/json" files.0.action <"$tmp/setup.json")" = write
finish
