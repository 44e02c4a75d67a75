#!/bin/sh
# The tree checks find what they are for: each is run on a small tree with one fault in it, and on
# the same tree without. Usage: test_tools.sh TOOLS
set -u
tools=$(cd "$1" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cases=0
mark=R-K # apart from its number, lest check-promises takes this file for a proof

clean() { # a tree that every check passes
    rm -rf "$tree"
    mkdir -p "$tree/tools" "$tree/src/base" "$tree/src/keys" "$tree/src/io" "$tree/include/stek" \
        "$tree/tests" "$tree/fuzz" "$tree/bench"
    cp "$tools/strip.awk" "$tree/tools"
    printf '/* %s: holds. */\n#include <stddef.h>\nsize_t key_len(void);\n' "$mark-1" >"$tree/src/keys/key.h"
    printf '#include "keys/key.h"\n#include "base/b.h"\n' >"$tree/src/keys/key.c"
    printf '#include <stek/stek.h>\nint base_b(void);\n' >"$tree/src/base/b.h"
    printf '#include <unistd.h>\n#include "base/b.h"\n' >"$tree/src/io/io.c"
    printf '#define STEK_API\nSTEK_API int stek_a(void);\n' >"$tree/include/stek/stek.h"
    echo "/* $mark-1 */" >"$tree/tests/t.c"
    mkdir -p "$tree/debian"
    printf 'liba-dev   stekd: a\nlibb-dev   unit tests\n' >"$tree/tools/deps"
    printf 'Source: stek\nBuild-Depends:\n libz-dev,\n liba-dev (>= 3),\nStandards-Version: 1\n' \
        >"$tree/debian/control"
}

passes() { # passes WHAT CHECK
    cases=$((cases + 1))
    if output=$("$tools/$2" "$tree" 2>&1); then
        echo "ok $cases - $2 lets by $1"
    else
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $cases - $2 lets by $1"
    fi
}

finds() { # finds WHAT CHECK TEXT: it fails, and says TEXT
    cases=$((cases + 1))
    if output=$("$tools/$2" "$tree" 2>&1) || ! printf '%s\n' "$output" | grep -qF -- "$3"; then
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $cases - $2 finds $1"
    else
        echo "ok $cases - $2 finds $1"
    fi
    clean
}

clean
for check in debian layers banned size promises headers; do
    passes 'a clean tree' "check-$check"
done

echo 'libc-dev   stekctl: c' >>"$tree/tools/deps"
finds 'a package that the build needs' check-debian 'Build-Depends lacks libc-dev'

echo '#include "io/io.h"' >>"$tree/src/base/b.h"
finds 'an include against the layers' check-layers 'src/base/b.h:3: src/base may not include "io/io.h"'
echo '#include "b.h"' >>"$tree/src/base/b.h"
finds 'an include without its folder' check-layers 'name the folder'
echo '#include <sys/socket.h>' >>"$tree/src/keys/key.c"
finds 'a system header in a pure folder' check-layers 'src/keys may not include <sys/socket.h>'
mkdir "$tree/src/daemon" && echo '#include <fcntl.h>' >"$tree/src/daemon/d.c"
finds 'a system header above io' check-layers 'src/daemon may not include <fcntl.h>'
mkdir "$tree/src/news" && : >"$tree/src/news/n.c"
finds 'a folder that is not in the table' check-layers 'src/news is not in the table'
echo '#include "keys/key.h"' >>"$tree/include/stek/stek.h"
finds 'a private header in a public one' check-layers 'use <stek/...>'
echo '#include <time.h> /* allowed: to be shown */' >>"$tree/src/keys/key.c"
passes 'an allowed include' check-layers
clean

# shellcheck disable=SC2016 # text
echo 'int f(char *s) { return sprintf(s, "x"); }' >>"$tree/src/io/io.c"
finds 'sprintf' check-banned 'src/io/io.c:3: sprintf()'
echo 'int f(void) { return (int)time (NULL); }' >>"$tree/src/keys/key.c"
finds 'a clock in a pure folder' check-banned 'time(): clocks'
echo 'int f(void) { abort(); }' >>"$tree/src/base/b.h"
finds 'abort in the library' check-banned 'abort(): a library'
printf '/* sprintf(a) */\nchar *s = "strcpy(a, b)"; // gets(x)\nint f(void) { return x->time(1); }\n' \
    >>"$tree/src/keys/key.c"
passes 'words in comments, strings and members' check-banned
clean
echo 'int f(void) { return atoi(s); } /* allowed: shown */' >>"$tree/src/keys/key.c"
passes 'an allowed call' check-banned
clean

awk 'BEGIN { print "int f(void)\n{"; for (i = 0; i < 61; i++) print "    x;"; print "}" }' >>"$tree/src/keys/key.c"
finds 'a long function' check-size 'a function of 61 lines'
awk 'BEGIN { for (i = 0; i < 401; i++) print "int x;" }' >"$tree/src/keys/key.c"
finds 'a long file' check-size '401 lines'
awk 'BEGIN { printf "// "; for (i = 0; i < 98; i++) printf "x"; print "" }' >>"$tree/src/keys/key.c"
finds 'a long line' check-size 'src/keys/key.c:3: 101 columns'
awk 'BEGIN { printf "// "; for (i = 0; i < 97; i++) printf "…"; print "" }' >>"$tree/src/keys/key.c"
passes '100 columns of two and three bytes' check-size
clean

: >"$tree/tests/t.c"
finds 'a promise without a test' check-promises "$mark-1: no test cites it"
echo "/* $mark-10 */" >>"$tree/tests/t.c"
finds 'a test without a promise' check-promises "$mark-10: a test cites it"

echo 'uint8_t x(void);' >>"$tree/src/base/b.h"
finds 'a header that needs another one first' check-headers 'src/base/b.h: does not compile alone'
echo 'static inline int f(int a, int b) { return a; }' >>"$tree/include/stek/stek.h"
finds 'a warning in a public header' check-headers 'include/stek/stek.h: does not compile alone'
printf '#define STEK_A(var) int var = {"", 1}\n' >>"$tree/include/stek/stek.h"
finds 'a macro of a public header that does not compile' check-headers \
    'include/stek/stek.h: does not compile alone'

echo "1..$cases"
