#!/bin/sh
# ctime_net.sh FAULTY: valgrind sees each way in which a secret, or what was wiped, decides something;
# and nothing where nothing does. FAULTY is faulty.c in a build with -Dmemcheck=true.
set -u
cases=0
failures=0
for mistake in none memcmp branch index wiped; do
    cases=$((cases + 1))
    want=42
    [ "$mistake" != none ] || want=0
    output=$(valgrind -q --error-exitcode=42 "$1" "$mistake" 2>&1)
    status=$?
    if [ "$status" -eq "$want" ]; then
        echo "ok $cases - $mistake: valgrind ends with $want"
    else
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $cases - $mistake: valgrind ended with $status, not $want"
        failures=1
    fi
done
echo "1..$cases"
exit "$failures"
