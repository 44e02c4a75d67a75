/* see line.h */
#include "share/line.h"

#include "base/hex.h"
#include "io/crypt.h"

#define CHECK_LEN 4

static bool
check_of(uint8_t out[CHECK_LEN], const char *word, const uint8_t *bytes, size_t len,
         struct err *err)
{
    SECRET(hash);

    if (crypt_hmac(hash.bytes, bytes, len, (const uint8_t *)word, strlen(word)) != 1)
        return err_set(err, "libcrypto failed");
    memcpy(out, hash.bytes, CHECK_LEN);
    return true;
}

bool
line_write(struct secret_buf *out, const char *word, const uint8_t *bytes, size_t len,
           struct err *err)
{
    size_t word_len = strlen(word), all = len + CHECK_LEN;
    SECRET_BUF(checked);

    if (len > LINE_BYTES_MAX)
        return err_set(err, "%zu bytes: a line holds up to %u", len, LINE_BYTES_MAX);
    if (!secret_buf_init(&checked, all) || !secret_buf_reserve(out, word_len + 1 + BASE64_LEN(all)))
        return err_set(err, "no memory");
    memcpy(checked.bytes, bytes, len);
    if (!check_of(checked.bytes + len, word, bytes, len, err))
        return false;
    memcpy(out->bytes, word, word_len);
    out->bytes[word_len] = ':';
    (void)base64_encode((char *)out->bytes + word_len + 1, checked.bytes, all); /* its argument */
    out->len = word_len + BASE64_LEN(all); /* the colon is in, the NUL is not */
    return true;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What counts. That none of the secret's digits is a space tells nothing of them. */
static void
strip(struct secret_buf *out, const char *text, size_t len)
{
    bool is_comment = false, starts = true;

    for (size_t i = 0; i < len; i++) {
        is_comment = starts ? text[i] == '#' : is_comment;
        if (!is_comment && !is_space(text[i]))
            out->bytes[out->len++] = (uint8_t)text[i];
        starts = text[i] == '\n';
    }
}

static bool
decode(struct secret_buf *out, const char *word, const char *text, size_t len, struct err *err)
{
    size_t all;
    uint8_t check[CHECK_LEN];

    if (!base64_decode(out->bytes, out->cap, &all, text, len) || all < CHECK_LEN)
        return err_set(err, "%s: it is damaged: a character is wrong or missing", word);
    out->len = all - CHECK_LEN;
    if (!check_of(check, word, out->bytes, out->len, err))
        return false;
    if (!secret_equal(check, out->bytes + out->len, CHECK_LEN))
        return err_set(err, "%s: it is damaged: a character is wrong or missing", word);
    return true;
}

bool
line_file(struct secret_buf *out, const char *comment, const char *word, const uint8_t *bytes,
          size_t len, struct err *err)
{
    size_t comment_len = strlen(comment);
    struct writer w;
    SECRET_BUF(line);

    if (!line_write(&line, word, bytes, len, err))
        return false;
    if (!secret_buf_reserve(out, comment_len + line.len + 1))
        return err_set(err, "no memory");
    w = writer_of(out->bytes, out->cap);
    write_bytes(&w, comment, comment_len);
    write_bytes(&w, line.bytes, line.len);
    write_u8(&w, '\n');
    out->len = w.len;
    return true;
}

bool
line_read(struct secret_buf *out, const char *word, const char *text, size_t len, struct err *err)
{
    size_t word_len = strlen(word);
    SECRET_BUF(line);
    SECRET_BUF(bytes);

    if (len > LINE_TEXT_MAX)
        return err_set(err, "%s: longer than %u characters: not one line", word, LINE_TEXT_MAX);
    if (!secret_buf_init(&line, len) || !secret_buf_init(&bytes, LINE_BYTES_MAX + CHECK_LEN))
        return err_set(err, "no memory");
    strip(&line, text, len);
    if (line.len <= word_len || line.bytes[word_len] != ':' ||
        !secret_equal(line.bytes, word, word_len))
        return err_set(err, "it does not begin with \"%s:\"", word);
    if (!decode(&bytes, word, (const char *)line.bytes + word_len + 1, line.len - word_len - 1,
                err))
        return false;
    *out = bytes;
    bytes = (struct secret_buf){0};
    return true;
}
