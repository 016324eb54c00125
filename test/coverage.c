/*
 * coverage.c: lets a build of the module that counts its lines write down the counts of the helper's child, too.
 *
 * Linked into build/coverage/pam_wpam.so alone, in front of three calls of libc. The child of a login gives up root and the
 * right to write files before it becomes another program; here it keeps the latter, and tells its counts at the last moment.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);
int __real_setrlimit(int resource, const struct rlimit *limit);
int __wrap_setrlimit(int resource, const struct rlimit *limit);
int __real_execve(const char *path, char *const argv[], char *const environment[]);
int __wrap_execve(const char *path, char *const argv[], char *const environment[]);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

/* Whoever comes first makes the files, and the child must be able to add to them. */
__attribute__((constructor)) static void share_files(void)
{
    (void)umask(0);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
    return resource == RLIMIT_FSIZE ? 0 : __real_setrlimit(resource, limit);
}

int __wrap_execve(const char *path, char *const argv[], char *const environment[])
{
    __gcov_dump();
    int result = __real_execve(path, argv, environment);
    __gcov_reset();
    return result;
}

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
