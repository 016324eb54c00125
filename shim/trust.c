/*
 * trust.c: files and paths that nobody but root can have written.
 *
 * Reads and looks, never changes anything. Called by pam_wpam.c before the helper is started, and by offline.c.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A process that is not root cannot be harmed by what its own user writes. */
static bool owned(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool safe(const char *what, const struct stat *st, char reason[REASON_MAX])
{
    /* In a sticky folder such as /tmp nobody else can replace what is ours. */
    bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0;
    if (!owned(st)) {
        snprintf(reason, REASON_MAX, "%s belongs to uid %lu: chown root %s", what,
                 (unsigned long)st->st_uid, what);
        return false;
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
        snprintf(reason, REASON_MAX, "%s can be written by others (mode %04o): chmod go-w %s", what,
                 (unsigned)(st->st_mode & 07777), what);
        return false;
    }
    return true;
}

/*
 * Resolves `path` into `real` and checks it and every folder above it: owned by root (or by the user
 * that a process without privileges runs as) and not writable by others. False with a reason else.
 */
static bool trust_path(const char *path, char real[], size_t size, char reason[REASON_MAX])
{
    struct stat st;
    char *resolved = realpath(path, NULL);
    if (!resolved) {
        snprintf(reason, REASON_MAX, "%s: %s", path, strerror(errno));
        return false;
    }
    size_t length = strlen(resolved);
    bool good = length < size;
    if (good) {
        memcpy(real, resolved, length + 1);
    } else {
        snprintf(reason, REASON_MAX, "%s: path too long", path);
    }
    while (good) {
        good = stat(resolved, &st) == 0;
        if (!good) {
            snprintf(reason, REASON_MAX, "%s: %s", resolved, strerror(errno));
            break;
        }
        good = safe(resolved, &st, reason);
        char *slash = strrchr(resolved, '/');
        if (slash[1] == '\0') {
            break;
        }
        slash[slash == resolved ? 1 : 0] = '\0';
    }
    free(resolved);
    return good;
}

/*
 * Resolves the helper's path into `real` and checks it as trust_path() does, and with it what a launcher
 * runs from its own folder, as far as that is there. False with a reason when one is not safe.
 */
bool trust_helper(const char *path, char real[], size_t size, char reason[REASON_MAX])
{
    static const char *const parts[] = {"deno", "node", "wpam-auth.js"};
    char part[PATH_MAX], resolved[PATH_MAX];
    struct stat st;
    bool good = trust_path(path, real, size, reason);
    for (size_t i = 0; good && i < sizeof parts / sizeof *parts; i++) {
        int folder = (int)(strrchr(real, '/') - real);
        int length = snprintf(part, sizeof part, "%.*s/%s", folder, real, parts[i]);
        if (length < 0 || (size_t)length >= sizeof part) {
            snprintf(reason, REASON_MAX, "the path of the helper is too long");
            return false;
        }
        good = (lstat(part, &st) != 0 && errno == ENOENT) ||
               trust_path(part, resolved, sizeof resolved, reason);
    }
    return good;
}

/* Demands of a folder that it is safe, and that nobody else can look into it. */
static bool closed(const char *path, const struct stat *st, char reason[REASON_MAX])
{
    if (!safe(path, st, reason)) {
        return false;
    }
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        snprintf(reason, REASON_MAX, "%.200s can be read by others (mode %04o): chmod 0700 %.200s", path,
                 (unsigned)(st->st_mode & 07777), path);
        return false;
    }
    return true;
}

/*
 * Opens the folder `name` in the folder `base`, where neither may be a link: the base guarded as trust_path()
 * demands, the folder itself closed to everybody else. -1 with a reason when one is not there or not safe.
 */
int trust_open_folder(const char *base, const char *name, char reason[REASON_MAX])
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    char real[PATH_MAX], path[PATH_MAX];
    struct stat st;
    if (!trust_path(base, real, sizeof real, reason)) {
        return -1;
    }
    int length = snprintf(path, sizeof path, "%s/%s", base, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        snprintf(reason, REASON_MAX, "%.200s…: path too long", base);
        return -1;
    }
    int above = open(base, flags);
    int fd = above < 0 ? -1 : openat(above, name, flags);
    bool opened = fd >= 0 && fstat(fd, &st) == 0;
    if (!opened) {
        snprintf(reason, REASON_MAX, "%.200s: %s", above < 0 ? base : path, strerror(errno));
    }
    if (above >= 0) {
        close(above);
    }
    if (fd >= 0 && !(opened && closed(path, &st, reason))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Reads to the end or to `limit` + 1 bytes, whatever fstat said: the file may be growing. */
static bool read_all(int fd, size_t limit, struct document *out)
{
    char *text = malloc(limit + 2);
    size_t length = 0;
    while (text && length <= limit) {
        ssize_t n = read(fd, text + length, limit + 1 - length);
        if (n == 0) {
            break;
        }
        if (n > 0) {
            length += (size_t)n;
        } else if (errno != EINTR) {
            platform_wipe(text, length);
            free(text);
            return false;
        }
    }
    if (!text) {
        return false;
    }
    text[length] = '\0';
    out->text = text;
    out->length = length;
    return true;
}

/*
 * Reads a regular file of at most `limit` bytes, opened without following a link, owned and guarded as
 * trust_path() demands. A file that does not exist leaves out->text NULL and is no error.
 */
bool trust_read(const char *path, size_t limit, struct document *out, char reason[REASON_MAX])
{
    char folder[PATH_MAX], real[PATH_MAX];
    struct stat st;
    *out = (struct document){0};
    const char *slash = strrchr(path, '/');
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof folder) {
        snprintf(reason, REASON_MAX, "%.200s…: path too long", path);
        return false;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';

    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT) {
            return true;
        }
        int error = errno;
        bool link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
        snprintf(reason, REASON_MAX, "%s: %s", path, link ? "is a symbolic link" : strerror(error));
        return false;
    }
    bool good = trust_path(folder, real, sizeof real, reason);
    if (good && fstat(fd, &st) != 0) {
        snprintf(reason, REASON_MAX, "%s: %s", path, strerror(errno));
        good = false;
    }
    if (good && !S_ISREG(st.st_mode)) {
        snprintf(reason, REASON_MAX, "%s: not a regular file", path);
        good = false;
    }
    good = good && safe(path, &st, reason);
    if (good && !read_all(fd, limit, out)) {
        snprintf(reason, REASON_MAX, "%s: %s", path, strerror(errno));
        good = false;
    }
    if (good && out->length > limit) {
        snprintf(reason, REASON_MAX, "%s: larger than %zu bytes", path, limit);
        good = false;
    }
    if (good) {
        out->exposed = (st.st_mode & S_IROTH) != 0;
    } else {
        trust_free(out);
    }
    close(fd);
    return good;
}

/* Wipes and releases what trust_read() read; does nothing for an empty document. */
void trust_free(struct document *document)
{
    if (document->text) {
        platform_wipe(document->text, document->length);
        free(document->text);
    }
    *document = (struct document){0};
}
