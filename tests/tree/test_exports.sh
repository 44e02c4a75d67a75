#!/bin/sh
# check-exports finds a symbol too many, one too few, and one without a version.
# Usage: test_exports.sh TOOLS
set -u
tools=$(cd "$1" && pwd)
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0

cat >"$work/a.h" <<'END'
#define STEK_API __attribute__((visibility("default")))
/* STEK_API int stek_comment(void); */
STEK_API const char *stek_text(int a);
STEK_API __attribute__((warn_unused_result)) enum stek_status
stek_open(int a, int (*call)(int));
END

echo 'A_1 { global: stek_*; local: *; };' >"$work/a.map"
versions=-Wl,--version-script=$work/a.map

expect() { # expect STATUS TEXT SOURCE
    cases=$((cases + 1))
    # shellcheck disable=SC2086 # $cc may be several words
    printf '%s\n' "$3" | $cc -shared -fPIC -fvisibility=default $versions -x c -o "$work/a.so" - || exit 1
    output=$("$tools/check-exports" "$work/a.so" "$work/a.h" 2>&1)
    status=$?
    if [ "$status" -eq "$1" ] && printf '%s\n' "$output" | grep -q -- "$2"; then
        echo "ok $cases - status $1 $2"
    else
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $cases - status $1 $2 (was $status)"
    fi
}

expect 0 '' 'void stek_text(void) {} void stek_open(void) {}'
expect 1 'stek_more: exported, but in no header' \
    'void stek_text(void) {} void stek_open(void) {} void stek_more(void) {}'
expect 1 'stek_open: declared, but not exported' 'void stek_text(void) {}'
versions=
expect 1 'no version' 'void stek_text(void) {} void stek_open(void) {}'
echo "1..$cases"
