#!/bin/sh
# openssl_calls.sh ADAPTER: make openssl_calls.h from what the adapter's objects call in OpenSSL.
# The adapter's sources are compiled a second time with that header in front (-include): each call
# then goes through a pointer, which the preload fills in once the server has loaded its libraries.
# So stek-preload.so drags neither libssl nor libcrypto into programs that do not use them. A call
# that this misses fails the link (-z defs).
set -eu
nm -u "$1" | awk '
    $1 == "U" && $2 ~ /^([A-Z]|[a-z]2[a-z]_)/ && !seen[$2]++ { names[++count] = $2 }
    END {
        print "/* made by openssl_calls.sh, which says what for */"
        print "#ifndef MODULE_OPENSSL_CALLS_H"
        print "#define MODULE_OPENSSL_CALLS_H"
        # the adapter judges what it may use
        print "#define OPENSSL_SUPPRESS_DEPRECATED"
        # all that the adapter includes: behind the names below they could not be read
        n = split("core_names err evp params rand sha ssl x509 x509v3", headers, " ")
        for (i = 1; i <= n; i++)
            print "#include <openssl/" headers[i] ".h>"
        print "#define OPENSSL_CALLS(X) \\"
        for (i = 1; i <= count; i++)
            print "    X(" names[i] ")" (i < count ? " \\" : "")
        # the adapter knows that it calls some that OpenSSL deprecates
        print "#pragma GCC diagnostic push"
        print "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\""
        print "struct openssl_calls {"
        for (i = 1; i <= count; i++)
            print "    __typeof__(" names[i] ") *call_" names[i] ";"
        print "};"
        print "#pragma GCC diagnostic pop"
        print "extern struct openssl_calls openssl_calls;"
        print "#ifndef OPENSSL_CALLS_BY_NAME"
        # the preload looks for the ring itself, where it may
        print "#include <stek/stek.h>"
        print "#define stek_ring_tick(ring, now) ((void)(ring), (void)(now), STEK_OK)"
        for (i = 1; i <= count; i++)
            print "#define " names[i] " openssl_calls.call_" names[i]
        print "#endif"
        print "#endif"
        exit count == 0
    }'
