/* What a TLS library that is not OpenSSL 3 shows of itself, for preload_errors.sh. */

__attribute__((visibility("default"))) unsigned long OpenSSL_version_num(void);
__attribute__((visibility("default"))) const char *OpenSSL_version(int what);
__attribute__((visibility("default"))) void *SSL_CTX_new(const void *method);

unsigned long
OpenSSL_version_num(void)
{
    return 0x20000000UL;
}

const char *
OpenSSL_version(int what)
{
    (void)what;
    return "LibreSSL 3.8.2";
}

void *
SSL_CTX_new(const void *method)
{
    static int context;

    (void)method;
    return &context;
}
