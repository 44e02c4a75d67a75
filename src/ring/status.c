/* see stek/stek.h: the text of a status */
#include <stek/stek.h>

const char *
stek_status_text(enum stek_status status)
{
    switch (status) {
    case STEK_OK: return "Done.";
    case STEK_NO_KEY: return "No key of that name is in use.";
    case STEK_BAD_TICKET: return "The ticket is forged, damaged or of another context.";
    case STEK_TOO_SMALL: return "The output buffer is too small.";
    case STEK_NO_RING: return "There is no ring: stekd must run first, with a keyset of that name.";
    case STEK_UNSAFE_RING:
        return "The ring is not safe to use: its owner or mode, or a folder's, lets others in.";
    case STEK_FOREIGN_RING:
        return "The ring is damaged, or of a layout that this version cannot read.";
    case STEK_SYSTEM: return "The system refused: errno says why.";
    case STEK_NO_CRYPTO: return "The HMAC or cipher that was passed in failed.";
    case STEK_BAD_ARGUMENT: return "A name, size or option is not a possible one.";
    case STEK_OLD_LIBRARY:
        return "The TLS library is too old and would break handshakes: update it (OpenSSL: 3.0.6).";
    }
    return "A status that this version does not know.";
}
