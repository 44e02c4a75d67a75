/* see record.h */
#include "share/record.h"

#include "base/bytes.h"
#include "io/crypt.h"
#include "keys/key.h"

#define VERSION 1
#define PURPOSE "record"

static const uint8_t magic[4] = {'s', 't', 'k', 'r'};

/* By verdict: words for people, a word for metrics. */
static const struct {
    const char *text, *word;
} verdicts[RECORD_VERDICTS] = {
    [RECORD_OPENED] = {"it was not", "opened"},
    [RECORD_MALFORMED] = {"it is no record, or cut short", "malformed"},
    [RECORD_TOO_LARGE] = {"it is larger than any record", "too_large"},
    [RECORD_VERSION] = {"a later version of stekd wrote it: update this one", "version"},
    [RECORD_FARM] = {"it is another farm's, or from before a rekey", "farm"},
    [RECORD_KEYSET] = {"it is another keyset's", "keyset"},
    [RECORD_KIND] = {"it is of another kind", "kind"},
    [RECORD_AHEAD] = {"its host's clock is over 10 min ahead of ours", "ahead"},
    [RECORD_BEHIND] = {"its host's clock is over 10 min behind ours, or it is a repetition",
                       "behind"},
    [RECORD_DAY_OVER] = {"it is so old that its secret is wiped", "day_over"},
    [RECORD_KNOWN] = {"it is known already", "known"},
    [RECORD_ROLLED_BACK] = {"it is older than one that came before", "rolled_back"},
    [RECORD_FORGED] = {"its seal does not open: damaged, or not by a member", "forged"},
    [RECORD_CONTENT] = {"its content is not well-formed", "content"},
    [RECORD_FULL] = {"there are too many hosts", "full"},
    [RECORD_FAILED] = {"no memory, or libcrypto failed", "failed"},
};

const char *
record_verdict_text(enum record_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *
record_verdict_word(enum record_verdict verdict)
{
    return verdicts[verdict].word;
}

uint64_t
record_sequence(uint64_t last, uint64_t now_ms)
{
    return last >= now_ms && last - now_ms <= KEY_SKEW_MS ? last + 1 : now_ms;
}

/* ---- the front ---- */

static bool
is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
            name[i] != '_' && name[i] != '.' && name[i] != '-')
            return false;
    return len > 0 && len <= RECORD_KEYSET_MAX;
}

bool
record_is_keyset(const char *name)
{
    return is_name(name, strnlen(name, RECORD_KEYSET_MAX + 1));
}

static enum record_verdict
read_head(struct reader *r, struct record_head *out)
{
    struct record_head head = {.keyset = ""};
    const uint8_t *mark = read_bytes(r, sizeof magic);
    uint8_t version, kind, len;

    if (mark == NULL || memcmp(mark, magic, sizeof magic) != 0)
        return RECORD_MALFORMED;
    version = read_u8(r);
    if (r->failed || version != VERSION)
        return r->failed ? RECORD_MALFORMED : RECORD_VERSION;
    kind = read_u8(r);
    read_copy(r, head.farm, sizeof head.farm);
    head.sender = read_u64(r);
    head.sequence = read_u64(r);
    len = read_u8(r);
    if (len > RECORD_KEYSET_MAX)
        return RECORD_MALFORMED;
    read_copy(r, head.keyset, len);
    if (r->failed || head.sender == 0 || !is_name(head.keyset, len) ||
        (kind != RECORD_KEYS && kind != RECORD_STATUS))
        return RECORD_MALFORMED;
    head.kind = (enum record_kind)kind;
    *out = head;
    return RECORD_OPENED;
}

static void
write_head(struct writer *w, const struct farm *farm, const struct record_head *head)
{
    size_t len = strlen(head->keyset);

    write_bytes(w, magic, sizeof magic);
    write_u8(w, VERSION);
    write_u8(w, (uint8_t)head->kind);
    write_bytes(w, farm->id, sizeof farm->id);
    write_u64(w, head->sender);
    write_u64(w, head->sequence);
    write_u8(w, (uint8_t)len);
    write_bytes(w, head->keyset, len);
}

enum record_verdict
record_peek(struct record_head *head, const uint8_t *bytes, size_t len)
{
    struct reader r = reader_of(bytes, len);
    struct record_head read;
    enum record_verdict verdict;

    if (len > RECORD_MAX)
        return RECORD_TOO_LARGE;
    verdict = read_head(&r, &read);
    if (verdict != RECORD_OPENED)
        return verdict;
    if (r.left < RECORD_SALT_LEN + CRYPT_TAG_LEN)
        return RECORD_MALFORMED;
    *head = read;
    return RECORD_OPENED;
}

/* ---- the seal ---- */

bool
record_key(struct secret *key, const struct farm *farm, const char *purpose, uint64_t time_ms,
           const uint8_t *front, size_t front_len)
{
    struct crypt_info info;
    SECRET(day);

    crypt_info_begin(&info, purpose);
    crypt_info_add(&info, front, front_len);
    crypt_info_add(&info, front + front_len, RECORD_SALT_LEN);
    return farm_secret(farm, &day, farm_day_of(time_ms)) && crypt_derive(key, &day, &info);
}

static bool
check_head(const struct farm *farm, const struct record_head *head, size_t len, struct err *err)
{
    if (!record_is_keyset(head->keyset))
        return err_set(err, "\"%.64s\" names no keyset", head->keyset);
    if (len > RECORD_MAX - RECORD_OVERHEAD_MAX)
        return err_set(err, "%zu bytes: a record holds up to %zu", len,
                       RECORD_MAX - RECORD_OVERHEAD_MAX);
    if (farm_day_of(head->sequence) < farm->first.number)
        return err_set(err, "our clock is before the farm's oldest secret: set the clock");
    return true;
}

bool
record_seal(struct secret_buf *out, const struct farm *farm, const struct record_head *head,
            const uint8_t salt[RECORD_SALT_LEN], const uint8_t *content, size_t len,
            struct err *err)
{
    SECRET(key);
    SECRET_BUF(sealed);
    struct writer w;
    size_t head_len;

    if (!check_head(farm, head, len, err))
        return false;
    if (!secret_buf_init(&sealed, RECORD_OVERHEAD_MAX + len))
        return err_set(err, "no memory");
    w = writer_of(sealed.bytes, sealed.cap);
    write_head(&w, farm, head);
    head_len = w.len;
    write_bytes(&w, salt, RECORD_SALT_LEN);
    write_bytes(&w, content, len);
    sealed.len = w.len + CRYPT_TAG_LEN;
    if (!record_key(&key, farm, PURPOSE, head->sequence, sealed.bytes, head_len) ||
        !crypt_seal(&(struct crypt_gcm){.key = &key,
                                        .aad = sealed.bytes,
                                        .aad_len = head_len + RECORD_SALT_LEN,
                                        .text = sealed.bytes + head_len + RECORD_SALT_LEN,
                                        .text_len = len,
                                        .tag = sealed.bytes + w.len}))
        return err_set(err, "libcrypto failed");
    secret_buf_free(out);
    *out = sealed;
    sealed = (struct secret_buf){0};
    return true;
}

/* The content is in its place, still sealed. */
static enum record_verdict
unseal(struct secret_buf *content, const struct farm *farm, const struct record_head *head,
       const uint8_t *bytes, size_t len)
{
    size_t head_len = len - content->len - RECORD_SALT_LEN - CRYPT_TAG_LEN;
    uint8_t tag[CRYPT_TAG_LEN];
    SECRET(key);

    memcpy(tag, bytes + len - sizeof tag, sizeof tag);
    if (!record_key(&key, farm, PURPOSE, head->sequence, bytes, head_len))
        return RECORD_FAILED;
    switch (crypt_open(&(struct crypt_gcm){.key = &key,
                                           .aad = bytes,
                                           .aad_len = head_len + RECORD_SALT_LEN,
                                           .text = content->bytes,
                                           .text_len = content->len,
                                           .tag = tag})) {
    case CRYPT_OPENED: return RECORD_OPENED;
    case CRYPT_FORGED: return RECORD_FORGED;
    case CRYPT_FAILED: break;
    }
    return RECORD_FAILED;
}

enum record_verdict
record_unseal(struct secret_buf *content, struct record_head *head, const struct farm *farm,
              const uint8_t *bytes, size_t len)
{
    struct record_head read;
    enum record_verdict verdict = record_peek(&read, bytes, len);
    size_t front;
    SECRET_BUF(opened);

    if (verdict != RECORD_OPENED)
        return verdict;
    if (memcmp(read.farm, farm->id, sizeof read.farm) != 0)
        return RECORD_FARM;
    if (farm_day_of(read.sequence) < farm->first.number)
        return RECORD_DAY_OVER;
    if (farm_day_of(read.sequence) - farm->first.number > FARM_STEPS_MAX)
        return RECORD_AHEAD;
    front = 39 + strlen(read.keyset) + RECORD_SALT_LEN;
    if (!secret_buf_init(&opened, len - front - CRYPT_TAG_LEN))
        return RECORD_FAILED;
    opened.len = opened.cap;
    memcpy(opened.bytes, bytes + front, opened.len);
    verdict = unseal(&opened, farm, &read, bytes, len);
    if (verdict != RECORD_OPENED)
        return verdict;
    *head = read;
    *content = opened;
    opened = (struct secret_buf){0};
    return RECORD_OPENED;
}
