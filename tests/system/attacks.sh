# shellcheck shell=sh disable=SC2154,SC2034 # tmp and others are of frame.sh, line is for it
# attacks.sh - what no server may take for its own ticket. After frame.sh and servers.sh:
#   . "${0%/*}/attacks.sh"
#
# A script defines `launch_server NAME`, and writes the configurations of these instances, which have
# the hosts a.test (the default one) and b.test on one socket:
#   plain     certificates a.test and b.test
#   renewed   certificates of the same names, but others
#   other     the certificate x.test for every host
#   mixed     like plain, but b.test has another certificate, for b.test and x.test
#   half      like plain, but b.test wants a client certificate of the CA client-b
#   guarded   like plain, but a.test wants one of client-a, b.test one of client-b
#   swapped   like plain, but a.test wants one of client-b, b.test one of client-a
#   ports     like plain, and in the same process, on another socket:
#   inner     like half
#   later     like plain, until `reconfigure later half` and `reload_server later`
# The cases are those of known attacks: CVE-2014-3616, CVE-2025-23419 and CVE-2025-23048 (a ticket
# of one virtual host at another one, with other certificates or client CAs), of HAProxy 5d5f12376
# (the same, by certificates of one address) and CVE-2025-68121 (who is trusted changes while a
# server runs).

make_attack_certs() {
    for host in a.test b.test; do
        make_both $host
        rename_cert $host renewed-$host
        make_both $host
    done
    make_both "b.test,DNS:x.test" # a second alternative name
    rename_cert "b.test,DNS:x.test" mixed-b.test
    make_both x.test
    make_both client-a
    make_both client-b
}

# rename_cert OLD NEW
rename_cert() {
    for part in pem key both; do
        mv "$tmp/$1.$part" "$tmp/$2.$part"
    done
}

# host_cert INSTANCE HOST: the name of its certificate's files.
host_cert() {
    case $1.$2 in
    renewed.*) echo "renewed-$2" ;;
    other.*) echo x.test ;;
    mixed.b.test) echo mixed-b.test ;;
    *) echo "$2" ;;
    esac
}

# host_ca INSTANCE HOST: the CA of its clients; nothing where none is asked for.
host_ca() {
    case $1.$2 in
    guarded.a.test | swapped.b.test) echo client-a ;;
    guarded.b.test | half.b.test | inner.b.test | swapped.a.test) echo client-b ;;
    esac
}

# run_instances NAME...: and wait until each answers.
run_instances() {
    for name in "$@"; do
        ca=$(host_ca "$name" a.test)
        run_server "$name" -v 1.2 -n a.test ${ca:+-c "$tmp/$ca.both"}
    done
}

# restart_with_label [NAME...]: the instances of attack_labelled_clients, and these.
restart_with_label() {
    label=fleet
    for name in plain guarded swapped "$@"; do
        stop "$(cat "$tmp/$name.pid")"
        run_instances $name
    done
}

# shake_as SERVER VERSION SNI [arguments]: SNI may be none.
shake_as() {
    server=$1 version=$2 sni=$3
    shift 3
    if [ "$sni" = none ]; then
        shake "$server" -v "$version" "$@"
    else
        shake "$server" -v "$version" -n "$sni" "$@"
    fi
}

# moves COUNT FROM SNI TO SNI [CLIENT]: of the tickets of both versions that one instance gives for
# one SNI, with that client's certificate, COUNT are resumed by the other one for the other SNI.
moves() {
    expected=$1 from=$2 from_sni=$3 to=$4 to_sni=$5 resumptions=0
    for version in 1.2 1.3; do
        shake_as "$from" $version "$from_sni" -o "$tmp/attack" ${6:+-c "$tmp/$6.both"} &&
            is full && [ -s "$tmp/attack" ] || return 1
        # without the client's certificate: a resumption needs none, a full handshake may fail
        shake_as "$to" $version "$to_sni" -i "$tmp/attack"
        case $line in
        resumed*) resumptions=$((resumptions + 1)) ;;
        full* | "tlsclient: handshake: "*) ;;
        *) return 1 ;;
        esac
    done
    [ $resumptions = "$expected" ]
}

is_accepted() {
    moves 2 "$@"
}

is_refused() {
    moves 0 "$@"
}

# Clients get in, each with the certificate of its CA, without tickets.
has_no_tickets() {
    for version in 1.2 1.3; do
        shake_as "$1" $version a.test -c "$tmp/$2.both" && is full tickets=0 key=- || return 1
    done
}

# attack_certificates is_accepted|is_refused: which of them tickets of before a renewal are. Needs
# plain, renewed and other.
attack_certificates() {
    for sni in a.test b.test none; do
        check "certificate renewed with the same names: its tickets are ${1#is_}, SNI $sni" \
            "$1" plain $sni renewed $sni
        check "also the other way round" "$1" renewed $sni plain $sni
        check "certificate of other names: refused, SNI $sni" is_refused plain $sni other $sni
        check "also the other way round" is_refused other $sni plain $sni
    done
}

# Needs plain and mixed.
attack_other_certificate() {
    check "a host with a certificate of other names behind the same default host" \
        is_refused plain b.test mixed b.test
    check "also the other way round" is_refused mixed b.test plain b.test
}

# Needs plain and renewed.
attack_names() {
    for instance in plain renewed; do
        for pair in "a.test b.test" "b.test a.test" "a.test none" "none a.test" "b.test none" \
            "none b.test" "y.test a.test" "y.test b.test" "b.test y.test" "A.test. b.test"; do
            check "a ticket of SNI ${pair% *} is not resumed with ${pair#* } at $instance" \
                is_refused plain "${pair% *}" $instance "${pair#* }"
        done
    done
    check "upper and lower case are one" is_accepted plain A.Test plain a.tEST
}

# Needs plain, guarded and swapped.
attack_clients() {
    check "no tickets for clients with a certificate" has_no_tickets guarded client-a
    check "also of the other CA" has_no_tickets swapped client-b
    for instance in guarded swapped; do
        check "a ticket got without a client certificate does not open a.test of $instance" \
            is_refused plain a.test $instance a.test
        check "nor b.test" is_refused plain b.test $instance b.test
        check "nor without SNI" is_refused plain none $instance none
    done
}

# Needs plain and half.
attack_open_default() {
    check "nor a host that wants one behind a default host that does not" \
        is_refused plain b.test half b.test
}

# attack_ports [WORDS]: needs ports and inner.
attack_ports() {
    check "${1:-}a ticket of a host that is open does not open it on another socket where it is not" \
        is_refused ports b.test inner b.test
    check "${1:-}nor as another host there" is_refused ports a.test inner b.test
}

# attack_neighbours [WORDS]: needs inner, where its default host is open.
attack_neighbours() {
    check "${1:-}nor a ticket of a host that is open there" is_refused inner a.test inner b.test
}

# outlives_reload: in a process that wants certificates somewhere.
outlives_reload() {
    for version in 1.2 1.3; do
        take ports $version b.test "$tmp/reload$version" || return 1
    done
    reload_server ports || return 1
    for version in 1.2 1.3; do
        offer ports $version b.test "$tmp/reload$version" && is resumed || return 1
    done
}

# Needs ports and reload_server.
attack_reload() {
    check "a reload that changes nothing ends no ticket" outlives_reload
}

# begins_to_ask: tickets of before, offered with the certificate that is wanted by now.
begins_to_ask() {
    for version in 1.2 1.3; do
        take later $version b.test "$tmp/later$version" || return 1
    done
    reconfigure later half && reload_server later || return 1
    for version in 1.2 1.3; do
        shake_as later $version b.test -i "$tmp/later$version" -c "$tmp/client-b.both" &&
            is full || return 1
    done
}

# Needs later.
attack_later() {
    check "nor a ticket of before a reload, since which the host wants certificates" begins_to_ask
}

# Needs guarded, swapped and plain, started with a label.
attack_labelled_clients() {
    check "with a label a ticket of a client of one CA is resumed where that CA counts" \
        is_accepted guarded a.test guarded a.test client-a
    check "not at a host with another CA" is_refused guarded a.test guarded b.test client-a
    check "nor at the same host of a server with another CA" \
        is_refused guarded a.test swapped a.test client-a
    check "nor the other way round" is_refused swapped a.test guarded a.test client-b
    check "nor at the other host there" is_refused guarded a.test swapped b.test client-a
    check "a ticket got without a client certificate opens neither host" \
        is_refused plain a.test guarded a.test
    check "nor the other one" is_refused plain b.test guarded b.test
}
