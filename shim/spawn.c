/*
 * spawn.c: starts the helper without privileges and ends it.
 *
 * The child does only what is safe between fork and exec in a threaded program, and nothing of the
 * caller's (descriptors, signals, environment, groups) reaches the helper. Called by session.c.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELPER_USER "wpam"

enum { EXIT_NOT_CONFINED = 124, EXIT_NOT_STARTED = 125, TERM_GRACE_MS = 200 };

/* What the child needs, complete before fork. */
struct child {
    const char *path;
    char *const *environment;
    int fd;
    pid_t parent;
    bool drop;
    uid_t uid;
    gid_t gid;
};

static bool become_unprivileged(const struct child *child)
{
    return setgroups(0, NULL) == 0 && setgid(child->gid) == 0 && setuid(child->uid) == 0 &&
           setuid(0) != 0 && getuid() == child->uid && geteuid() == child->uid &&
           getegid() == child->gid;
}

static struct rlimit at_most(struct rlimit now, rlim_t most)
{
    rlim_t least = now.rlim_max < most ? now.rlim_max : most;
    return (struct rlimit){least, least};
}

/*
 * A login takes little of anything. Never RLIMIT_NPROC, which counts what other logins run, nor RLIMIT_AS:
 * V8 reserves far more than it uses.
 */
static bool limit_resources(void)
{
    struct rlimit now;
/* A macro, because the type of a resource is an enumeration here and a number there. */
#define LIMIT(resource, most) \
    (getrlimit(resource, &now) == 0 && (now = at_most(now, most), setrlimit(resource, &now) == 0))
    return LIMIT(RLIMIT_CORE, 0) && LIMIT(RLIMIT_FSIZE, 0) && LIMIT(RLIMIT_MEMLOCK, 0) &&
           LIMIT(RLIMIT_NOFILE, 64) && LIMIT(RLIMIT_CPU, 20) && LIMIT(RLIMIT_DATA, 128 << 20);
#undef LIMIT
}

static _Noreturn void run_child(const struct child *child)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &normal, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);

    /* Above 2 first: a caller without standard descriptors would have the socket there. */
    int socket = fcntl(child->fd, F_DUPFD, 3);
    int sink = open("/dev/null", O_WRONLY);
    if (socket < 0 || sink < 0 || dup2(sink, STDERR_FILENO) < 0 || dup2(socket, STDIN_FILENO) < 0 ||
        dup2(socket, STDOUT_FILENO) < 0) {
        _exit(EXIT_NOT_CONFINED);
    }
    platform_close_from(3);
    (void)umask(077);
    if (!limit_resources() || chdir("/") != 0 || (child->drop && !become_unprivileged(child)) ||
        !platform_confine(child->parent)) {
        _exit(EXIT_NOT_CONFINED);
    }
    char name[] = "wpam-auth";
    char *const arguments[] = {name, NULL};
    (void)execve(child->path, arguments, child->environment);
    _exit(EXIT_NOT_STARTED);
}

/* Finds the system user that the helper runs as; false with a reason when there is none. */
static bool find_user(struct child *child, char reason[REASON_MAX])
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    int error = getpwnam_r(HELPER_USER, &entry, buffer, sizeof buffer, &found);
    if (error != 0 || !found) {
        snprintf(reason, REASON_MAX, "no system user " HELPER_USER " to run the helper as (%s)",
                 error ? strerror(error) : "not in the user database");
        return false;
    }
    if (entry.pw_uid == 0 || entry.pw_gid == 0) {
        snprintf(reason, REASON_MAX, "the system user " HELPER_USER " has uid or gid 0");
        return false;
    }
    child->uid = entry.pw_uid;
    child->gid = entry.pw_gid;
    return true;
}

/*
 * A SIGCHLD that is ignored or handled by the caller would eat the helper's exit status, without which
 * nobody gets in. The default is left alone. Threads of a caller that ignores SIGCHLD can lose a status to
 * each other's restoring: that login is refused, and the caller's action stands again in the end.
 */
static void hold_sigchld(struct helper *helper)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    helper->held = sigaction(SIGCHLD, NULL, &helper->sigchld) == 0 &&
                   ((helper->sigchld.sa_flags & (SA_SIGINFO | SA_NOCLDWAIT)) != 0 ||
                    helper->sigchld.sa_handler != SIG_DFL) &&
                   sigaction(SIGCHLD, &normal, NULL) == 0;
}

static void release_sigchld(struct helper *helper)
{
    if (helper->held) {
        (void)sigaction(SIGCHLD, &helper->sigchld, NULL);
        helper->held = false;
    }
}

/*
 * Starts the program at `path` as the user wpam (as the caller when that is not root), connected by a
 * socket, and fills `helper`; end it with spawn_finish(). False with a reason when it cannot be started.
 */
bool spawn_helper(const char *path, bool own_anchors, struct helper *helper, char reason[REASON_MAX])
{
    static char home[] = "HOME=/nonexistent", cache[] = "DENO_DIR=/dev/null/x";
    static char update[] = "DENO_NO_UPDATE_CHECK=1", colour[] = "NO_COLOR=1";
    static char arenas[] = "MALLOC_ARENA_MAX=1"; /* glibc's: a pool for each thread would cost 1 MiB */
    static char system_store[] = "DENO_TLS_CA_STORE=system", no_store[] = "DENO_TLS_CA_STORE=";
    char *const environment[] = {home, cache, update, colour, arenas,
                                 own_anchors ? no_store : system_store, NULL};
    struct child child = {
        .path = path, .environment = environment, .parent = getpid(), .drop = geteuid() == 0 || getuid() == 0};
    int ends[2];

    if (child.drop && !find_user(&child, reason)) {
        return false;
    }
    if (platform_socketpair(ends) != 0) {
        snprintf(reason, REASON_MAX, "no socket for the helper: %s", strerror(errno));
        return false;
    }
    child.fd = ends[1];

    *helper = (struct helper){.fd = ends[0]};
    hold_sigchld(helper);
    sigset_t all, before;
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    helper->pid = fork();
    if (helper->pid == 0) {
        run_child(&child);
    }
    int error = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (helper->pid < 0) {
        release_sigchld(helper);
        close(ends[0]);
        snprintf(reason, REASON_MAX, "the helper's process could not be made: %s", strerror(error));
        return false;
    }
    return true;
}

/* Waits up to `patience_ms` for the helper; true when it has been reaped. */
static bool reap(pid_t pid, int64_t patience_ms, int *status)
{
    int64_t until = platform_now_ms() + patience_ms;
    struct timespec pause = {.tv_nsec = 200000};
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            *status = -1;
            return true;
        }
        if (platform_now_ms() >= until) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
        if (pause.tv_nsec < 10000000) {
            pause.tv_nsec *= 2;
        }
    }
}

static void describe(int status, char reason[REASON_MAX])
{
    if (status == -1) {
        snprintf(reason, REASON_MAX, "the helper's exit status is not known");
    } else if (WIFSIGNALED(status)) {
        snprintf(reason, REASON_MAX, "the helper was ended by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) == EXIT_NOT_STARTED) {
        snprintf(reason, REASON_MAX, "the helper could not be started");
    } else if (WEXITSTATUS(status) == EXIT_NOT_CONFINED) {
        snprintf(reason, REASON_MAX, "the helper could not be confined");
    } else {
        snprintf(reason, REASON_MAX, "the helper ended with exit status %d", WEXITSTATUS(status));
    }
}

/*
 * Closes our end and reaps the helper: after `patience_ms` it is told to end, 200 ms later it is killed.
 * True when it ended by itself with exit status 0; else `reason` says how it ended.
 */
bool spawn_finish(struct helper *helper, int64_t patience_ms, char reason[REASON_MAX])
{
    int status = 0;
    close(helper->fd);
    bool by_itself = reap(helper->pid, patience_ms, &status);
    if (!by_itself) {
        (void)kill(helper->pid, SIGTERM);
        if (!reap(helper->pid, TERM_GRACE_MS, &status)) {
            (void)kill(helper->pid, SIGKILL);
            while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR) {
            }
        }
    }
    release_sigchld(helper);
    if (!by_itself) {
        snprintf(reason, REASON_MAX, "the helper had to be killed");
        return false;
    }
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        describe(status, reason);
        return false;
    }
    return true;
}
