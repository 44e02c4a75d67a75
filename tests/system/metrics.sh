#!/bin/sh
# Metrics as monitoring sees them: they count what servers did; a strict parser and a real
# Prometheus take them; each alert and each expression of the dashboard works on them; and the
# documents name what there is.
. "${0%/*}/frame.sh"
root=$(cd "${0%/*}/../.." && pwd)
bin=${STEK_SERVERS:?unpacked servers}/prometheus/usr/bin
doc=$root/docs/metrics.md

quiet() {
    line=$("$@" 2>&1)
}

# get ADDRESS PATH [ACCEPT]: "unix" is the control socket.
get() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import http.client, socket, sys
class Local(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)
address, path = sys.argv[1:3]
connection = Local(address) if address.startswith("/") else http.client.HTTPConnection(address)
connection.request("GET", path, headers={"Host": "localhost", "Accept": "".join(sys.argv[3:])})
reply = connection.getresponse()
sys.stdout.write(reply.read().decode())
sys.exit(reply.status != 200)
PYTHON
}

port=$("$client" free-ports 1)
at=127.0.0.1:$port
cat >"$tmp/stekd.conf" <<EOT
metrics { listen = "$at" }
keyset "www" {
    rotate = 7d lifetime = 12h
    share "directory" { path = "$tmp/share" }
    farm = "$tmp/www.farm"
}
EOT
make_cert a.test
mkdir "$tmp/share"
start_stekd
stekctl farm init >/dev/null
check 'stekd is there for looking at' wait_for 60 get "$at" /healthz
start_nginx one module

# ---- they count what servers did ----

# number_of SERIES
number_of() {
    get "$at" /metrics >"$tmp/metrics.txt" && sed -n "s/^$1 //p" "$tmp/metrics.txt"
}

# counts SERIES NUMBER
counts() {
    line=$(number_of "$1")
    [ "$line" = "$2" ]
}

key=$(sealing_key | cut -c1-8)
before=$(number_of 'stek_tickets_sealed_total{keyset="www"}') # nginx was tried whether it answers
check 'a ticket' take one 1.2 a.test "$tmp/first"
check 'another one' take one 1.2 a.test "$tmp/second"
resumes() {
    offer one 1.2 a.test "$1" && is resumed
}
for again in '' ', again' ', and again'; do
    check "the first resumes$again" resumes "$tmp/first"
done
check 'tickets given out' counts 'stek_tickets_sealed_total{keyset="www"}' "$((before + 2))"
check 'sessions resumed' counts 'stek_tickets_opened_total{keyset="www"}' 3
check 'by the key that sealed them' counts "stek_key_opened_total{keyset=\"www\",key=\"$key\"}" 3
check 'who has the ring open' counts 'stek_servers{keyset="www",program="nginx"}' 1
check 'that a key seals' counts 'stek_keyset_sealing{keyset="www"}' 1
check 'that all is well' counts 'stek_keyset_trouble{keyset="www"}' 0

# ---- who reads them ----

open_type='application/openmetrics-text; version=1.0.0; charset=utf-8'
well_formed() {
    get "$1" /metrics "$open_type" >"$tmp/metrics.om" &&
        line=$(/usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics import parser
print(len(list(parser.text_string_to_metric_families(sys.stdin.read()))))' <"$tmp/metrics.om" 2>&1) &&
        [ "$line" -gt 20 ]
}
check 'a strict parser of OpenMetrics takes them' well_formed "$at"
check 'on the control socket, too' well_formed "$run/control"

# tool ARGUMENTS...: promtool; what it says goes into `line`.
tool() {
    line=$("$bin/promtool" "$@" 2>&1)
}
lint() {
    get "$at" /metrics >"$tmp/metrics.txt" && tool check metrics <"$tmp/metrics.txt" && [ -z "$line" ]
}
check 'promtool finds nothing in the older format' lint
check 'promtool takes the rules' tool check rules "$root/contrib/prometheus/stek.rules.yml"
check 'promtool takes the configuration' tool check config "$root/contrib/prometheus/prometheus.yml"
check 'each alert comes when it should, and not else' \
    tool test rules "$root/tests/prometheus/rules.test.yml"

# ---- what is documented ----

same() {
    line=$(diff "$1" "$2")
}
sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' "$tmp/metrics.txt" | sort -u >"$tmp/names"
grep -E '^\|' "$doc" | cut -d'|' -f2 | grep -oE '(stek|process)_[a-z_]+' | sort -u >"$tmp/documented"
check 'docs/metrics.md lists each metric, and no other' same "$tmp/names" "$tmp/documented"
sed -n 's/^ *- alert: //p' "$root/contrib/prometheus/stek.rules.yml" | sort >"$tmp/alerts"
# shellcheck disable=SC2016 # of Markdown
sed -n 's/^| `\(Stek[A-Za-z]*\)`.*/\1/p' "$doc" | sort >"$tmp/documented"
check 'and each alert' same "$tmp/alerts" "$tmp/documented"

# ---- a real Prometheus ----

prometheus_at=127.0.0.1:$("$client" free-ports 1)
cp "$root/contrib/prometheus/stek.rules.yml" "$tmp"
sed "s/127.0.0.1:9779/$at/; s/15s/1s/" "$root/contrib/prometheus/prometheus.yml" >"$tmp/prometheus.yml"
"$bin/prometheus" --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/prometheus" \
    --web.listen-address="$prometheus_at" --log.level=warn >"$tmp/prometheus.log" 2>&1 &
prometheus=$!
pids="$pids $prometheus"

# gives EXPRESSION: it has a value now.
gives() {
    tool query instant "http://$prometheus_at" "$1" && [ "${line#*=>}" != "$line" ]
}
nothing() {
    tool query instant "http://$prometheus_at" "$1" && [ -z "$line" ]
}
check 'Prometheus scrapes stekd' wait_for 60 gives 'up{job="stek"} == 1'
check 'all of it' wait_for 60 gives 'scrape_samples_scraped{job="stek"} > 30'
check 'once more before something happens' wait_for 60 gives 'count_over_time(stek_revocations_total[1m]) > 1'
# nor soon: a scrape that a busy machine makes late is the begin of an alert, for a moment
check 'there is nothing to alert on' wait_for 60 nothing ALERTS
check 'keys are revoked' quiet stekctl revoke --all
not_resumed() {
    offer one 1.2 a.test "$1" && is full
}
check 'their tickets do not resume' not_resumed "$tmp/first"
check 'a ticket of another key' take one 1.2 a.test "$tmp/third"
check 'resumes' resumes "$tmp/third"
check 'the cause is counted' counts 'stek_full_handshakes_total{keyset="www",cause="revoked"}' 1
check 'there is an alert of the revocation' wait_for 60 gives 'ALERTS{alertname="StekRevoked",alertstate="firing"}'

# shellcheck disable=SC2016 # of the dashboard
sed -n 's/^ *"expr": "\(.*\)",*$/\1/p' "$root/contrib/grafana/stek.json" |
    sed 's/\\"/"/g; s/\$job/stek/g; s/\$instance/.*/g; s/\$keyset/.*/g; s/\$__rate_interval/10s/g' |
    sort -u >"$tmp/expressions"
check 'the dashboard is JSON' quiet /usr/bin/python3 -m json.tool "$root/contrib/grafana/stek.json"
check 'it has expressions' test "$(wc -l <"$tmp/expressions")" -gt 20
# one tells of revocations of the last minute; none of a key that rotates by itself here
check 'keys are revoked again' quiet stekctl revoke --all
grep -v 'increase(stek_rotations_total.*> 0$' "$tmp/expressions" >"$tmp/now"
while read -r expression <&3; do
    check "the dashboard shows $expression" wait_for 60 gives "$expression"
done 3<"$tmp/now"

check 'nothing but the revocation to alert on' wait_for 60 nothing 'ALERTS{alertname!="StekRevoked"}'
echo 'keyset' >>"$tmp/stekd.conf"
kill -s HUP "$stekd"
check 'an alert of a configuration that is refused' wait_for 60 gives 'ALERTS{alertname="StekConfigRefused"}'
stop "$server_pid"
check 'an alert of servers that went' wait_for 60 gives 'ALERTS{alertname="StekServersGone"}'
stop "$stekd"
check 'an alert of stekd that does not answer' wait_for 60 gives 'ALERTS{alertname="StekdDown"}'
check 'Prometheus has nothing to complain of' test ! -s "$tmp/prometheus.log"
finish
