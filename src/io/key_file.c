/* see key_file.h */
#include "io/key_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "io/secret_file.h"

#define TEXT_MAX 66U /* 64 digits, and the end of a line */

static bool
check(const struct stat *file, bool is_credential, const char *path, struct err *err)
{
    /* systemd may let its reader in by an access list, which shows as a mode for the group */
    mode_t others = is_credential ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;

    if (!S_ISREG(file->st_mode))
        return err_set(err, "%s: not a regular file", path);
    if (file->st_uid != 0 && file->st_uid != geteuid())
        return err_set(err, "%s: belongs to another user than root or stekd's: chown it", path);
    if ((file->st_mode & others) != 0)
        return err_set(err, "%s: others may read or write it: chmod 0400, and make a new key",
                       path);
    return true;
}

static bool
parse(struct secret *key, const uint8_t *bytes, size_t len)
{
    if (len == sizeof key->bytes)
        memcpy(key->bytes, bytes, len);
    else if (len < 2 * sizeof key->bytes || len > TEXT_MAX ||
             strspn((const char *)bytes + 2 * sizeof key->bytes, "\r\n") !=
                 len - 2 * sizeof key->bytes ||
             !hex_decode(key->bytes, sizeof key->bytes, (const char *)bytes, 2 * sizeof key->bytes))
        return false;
    return !secret_is_weak(key->bytes, sizeof key->bytes);
}

static bool
read_key(struct secret *key, int fd, const char *path, struct err *err)
{
    SECRET_BUF(buf);
    SECRET(fresh);

    if (!secret_file_take(&buf, fd, TEXT_MAX + 1, path, err)) /* one more than allowed */
        return false;
    if (!parse(&fresh, buf.bytes, buf.len))
        return err_set(err,
                       "%s: not a key of 32 random bytes or 64 hex digits: make one with "
                       "openssl rand -out %s 32",
                       path, path);
    *key = fresh;
    return true;
}

static bool
read_path(struct secret *key, const char *path, bool is_credential, struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat stat;
    bool ok;

    if (fd < 0)
        return err_errno(err, "%s", path);
    ok = fstat(fd, &stat) == 0 || err_errno(err, "%s", path);
    ok = ok && check(&stat, is_credential, path, err) && read_key(key, fd, path, err);
    (void)close(fd); /* only read */
    return ok;
}

bool
key_file_read(struct secret *key, const char *from, struct err *err)
{
    static const char prefix[] = KEY_FILE_CREDENTIAL;
    const char *name = from + sizeof prefix - 1, *folder;
    char *path = NULL;
    bool ok;

    if (strncmp(from, prefix, sizeof prefix - 1) != 0)
        return read_path(key, from, false, err);
    folder = secure_getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL)
        return err_set(err,
                       "%s: systemd provides no credentials: add LoadCredentialEncrypted=%s to the "
                       "unit (systemctl edit stekd)",
                       from, name);
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return err_set(err, "%s: no memory", from);
    ok = read_path(key, path, true, err);
    free(path);
    return ok;
}
