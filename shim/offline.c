/*
 * offline.c: spends an offline code, which is an empty file named by the SHA-256 of the code.
 *
 * Knows no code and lists none to anybody: it removes one name, once, below the folder of this login's user.
 * Called by session.c; docs/offline.md argues the order.
 */
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_LENGTH = 64 };

/* Tells whether a text is the name of a code: 64 lower-case hexadecimal digits. */
bool offline_is_name(const char *text)
{
    return strspn(text, "0123456789abcdef") == NAME_LENGTH && text[NAME_LENGTH] == '\0';
}

/* Opens the folder with the codes of a user, as the user database spells him; -1 with a reason. */
static int open_folder(const struct login *login, char reason[REASON_MAX])
{
    struct passwd entry, *found = NULL;
    char buffer[16384];
    int error = getpwnam_r(login->user, &entry, buffer, sizeof buffer, &found);
    if (error != 0 || !found) {
        snprintf(reason, REASON_MAX, "no such user (%s)",
                 error ? strerror(error) : "not in the user database");
        return -1;
    }
    const char *name = entry.pw_name;
    if (*name == '\0' || *name == '.' || strchr(name, '/')) {
        snprintf(reason, REASON_MAX, "the user's name is no name for a folder");
        return -1;
    }
    return trust_open_folder(login->offline_dir, name, reason);
}

/* Counts the codes that are left, for the log. */
static int count_codes(DIR *folder)
{
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        count += offline_is_name(entry->d_name) ? 1 : 0;
    }
    return count;
}

/*
 * Removes a code of this login's user and logs how that went. True only if the name was there, is gone, and is
 * gone from the disk too: of any number of logins with one code that is true for one, and never again.
 */
bool offline_spend(const struct login *login, const char *name)
{
    char reason[REASON_MAX] = "";
    int fd = open_folder(login, reason);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    bool spent = false;
    if (!folder) {
        if (fd >= 0) {
            snprintf(reason, sizeof reason, "%s: %s", login->offline_dir, strerror(errno));
            close(fd);
        }
    } else if (unlinkat(fd, name, 0) != 0) {
        snprintf(reason, sizeof reason, "%s",
                 errno == ENOENT ? "no such code: a wrong one, or spent before" : strerror(errno));
    } else if (fsync(fd) != 0) {
        snprintf(reason, sizeof reason, "the code is gone, but perhaps not from the disk: %s",
                 strerror(errno));
    } else {
        spent = true;
        snprintf(reason, sizeof reason, "codes left: %d", count_codes(folder));
    }
    if (folder) {
        closedir(folder);
    }
    log_event(login, "WARN", spent ? "offline code spent" : "offline code refused", reason);
    return spent;
}
