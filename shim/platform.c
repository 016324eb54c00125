/*
 * platform.c: everything that differs between Linux-PAM and OpenPAM, or between kernels.
 *
 * Called by every other file of the shim; knows nothing of logins.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#ifdef __LINUX_PAM__
#include <security/pam_ext.h>
#include <sys/syscall.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>

/* PR_SET_MDWE and its value, which headers older than the kernel lack. */
enum { SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1 };
#elif defined(__FreeBSD__)
#include <sys/procctl.h>
#include <sys/wait.h>
#elif defined(__APPLE__)
#include <sys/random.h>
#endif

/* Returns milliseconds of a clock that nobody can set. */
int64_t platform_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fills memory with at most 256 random bytes; false when the kernel gives none. */
bool platform_random(void *out, size_t length)
{
    return getentropy(out, length) == 0;
}

/* Overwrites memory in a way that the compiler cannot leave out, whatever this libc calls it. */
void platform_wipe(void *memory, size_t length)
{
    memset(memory, 0, length);
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

/* Makes a pair of connected stream sockets that no other program inherits; 0, or -1 with errno. */
int platform_socketpair(int ends[2])
{
#ifdef SOCK_CLOEXEC
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
#else
    int result = socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    for (int i = 0; result == 0 && i < 2; i++) {
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
#endif
#if defined(__APPLE__)
    const int yes = 1;
    if (result == 0 && setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes) != 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return -1;
    }
#endif
    return result;
}

/* Closes every descriptor from `lowest` up; safe between fork and exec. */
void platform_close_from(int lowest)
{
#if defined(__LINUX_PAM__) || defined(__APPLE__)
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)lowest, ~0U, 0U) == 0) {
        return;
    }
#endif
    /* Before Linux 5.9. The limit is no guide: it can be a billion, or below what was opened earlier. */
    for (int fd = lowest; fd < 65536; fd++) {
        (void)close(fd);
    }
#else
    closefrom(lowest);
#endif
}

/*
 * Gives up what exec could give back and ties the child's life to `parent`, as far as the kernel can do that;
 * after the change of uid, which clears the parent-death signal. False when that fails or the parent has gone.
 */
bool platform_confine(pid_t parent)
{
#ifdef __linux__
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return false;
    }
    /* No memory becomes code any more; the helper has no compiler. Before Linux 6.3 there is no such thing. */
    (void)prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
#elif defined(__FreeBSD__)
    int last = SIGKILL;
    if (procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &last) != 0) {
        return false;
    }
#ifdef PROC_NO_NEW_PRIVS_CTL /* since FreeBSD 14 */
    int enable = PROC_NO_NEW_PRIVS_ENABLE;
    if (procctl(P_PID, 0, PROC_NO_NEW_PRIVS_CTL, &enable) != 0) {
        return false;
    }
#endif
#endif
    return getppid() == parent;
}

/* Writes one line to the authpriv log. */
void platform_syslog(pam_handle_t *pamh, int priority, const char *line)
{
#ifdef __LINUX_PAM__
    pam_syslog(pamh, priority, "%s", line);
#else
    (void)pamh;
    syslog(LOG_AUTHPRIV | priority, "pam_wpam: %s", line);
#endif
}

/* Asks PAM to answer a refusal no sooner than this; OpenPAM has no such thing. */
void platform_fail_delay(pam_handle_t *pamh, unsigned microseconds)
{
#ifdef __LINUX_PAM__
    (void)pam_fail_delay(pamh, microseconds);
#else
    (void)pamh;
    (void)microseconds;
#endif
}
