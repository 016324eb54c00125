/*
 * log.c: one event, one line, to the log file and to syslog.
 *
 * Never writes to the application's standard error and never follows a link. Called by pam_wpam.c and
 * session.c; the form of a line is that of src/log.ts.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *word;
    int priority;
} levels[] = {
    {"INFO: ", LOG_INFO}, {"WARN: ", LOG_WARNING}, {"ERROR: ", LOG_ERR}, {"DEBUG: ", LOG_DEBUG}};

/* Returns what follows the level that every line of the log begins with; NULL when it begins with none. */
const char *log_text(const char *line, int *priority)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t length = strlen(levels[i].word);
        if (strncmp(line, levels[i].word, length) == 0) {
            *priority = levels[i].priority;
            return line + length;
        }
    }
    return NULL;
}

/* Opens the log for appending, made 0640 root:adm if it is not there; -1 unless it is a plain file of ours. */
static int open_log(const char *path)
{
    const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    struct stat st;
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, flags | O_CREAT | O_EXCL, 0600);
        if (fd >= 0) {
            struct group entry, *adm = NULL;
            char buffer[4096];
            if (geteuid() == 0 && getgrnam_r("adm", &entry, buffer, sizeof buffer, &adm) == 0 && adm) {
                (void)!fchown(fd, 0, adm->gr_gid);
            }
            (void)fchmod(fd, 0640);
        } else if (errno == EEXIST) {
            fd = open(path, flags);
        }
    }
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
                    (st.st_uid != 0 && st.st_uid != geteuid()))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Writes a line that begins with its level to syslog and, with the local time, to the log file. */
void log_line(const struct login *login, const char *line)
{
    char text[LINE_MAX_BYTES + 64];
    time_t now = time(NULL);
    struct tm local;
    int priority = LOG_ERR;

    (void)log_text(line, &priority);
    platform_syslog(login->pamh, priority, line);
    int fd = open_log(login->log_file);
    if (fd < 0) {
        return;
    }
    size_t used = localtime_r(&now, &local) ? strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local) : 0;
    int more = snprintf(text + used, sizeof text - used, " - %s\n", line);
    if (more > 0 && (size_t)more < sizeof text - used) {
        /* One write, so that lines of other logins cannot come in between. */
        (void)!write(fd, text, used + (size_t)more);
    }
    close(fd);
}

/* Appends ` name=value`, quoted and escaped so that no value can end the line or begin a field. */
static void put(char *line, size_t size, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:+/-";
    size_t used = strlen(line);
    bool quote = value[strspn(value, plain)] != '\0' || *value == '\0';
    used += (size_t)snprintf(line + used, size - used, " %s=%s", name, quote ? "\"" : "");
    /* 8: the longest escape, the closing quote and the end. */
    for (const unsigned char *c = (const unsigned char *)value; *c && used + 8 < size; c++) {
        if (*c < 0x20 || *c > 0x7e) {
            used += (size_t)snprintf(line + used, size - used, "\\x%02x", *c);
        } else {
            used += (size_t)snprintf(line + used, size - used, "%s%c",
                                     *c == '"' || *c == '\\' ? "\\" : "", *c);
        }
    }
    if (quote && used + 2 <= size) {
        (void)snprintf(line + used, size - used, "\"");
    }
}

/* Logs an event that the shim itself has seen, in the form of the helper's lines. */
void log_event(const struct login *login, const char *level, const char *event, const char *reason)
{
    char line[2048], user[257];
    (void)snprintf(line, sizeof line, "%s: %s", level, event);
    (void)snprintf(user, sizeof user, "%s", login->user);
    put(line, 1024, "user", user);
    if (login->rhost) {
        put(line, 1400, "rhost", login->rhost);
    }
    put(line, sizeof line, "ref", login->ref);
    put(line, sizeof line, "reason", reason);
    log_line(login, line);
}
