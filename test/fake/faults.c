/*
 * faults.c: calls that fail, and a clock that runs fast, for pam_wpam.so alone.
 *
 * A library for LD_PRELOAD; whoever else in the process makes the same calls gets libc's. Compiled by
 * test/matrix_test.ts, which names the fault in the environment:
 *
 *   FAULT_CALL=NAME                the call of that name fails, each time, as its table below says
 *   FAULT_ALLOCATION=N             the N-th allocation fails
 *   FAULT_CLOCK=FILE               while FILE exists, time goes 100 times as fast: a limit of 130 s takes 1.3 s.
 *                                  It is the monotonic clock and the patience of poll() that hurry.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HURRY = 100, SLICE_MS = 5 };

#define CALLER __builtin_return_address(0)
/* libc's own function behind the one that is defined here. */
#define REAL(name) ((__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name))

void *__libc_malloc(size_t size);

static bool is_module(const void *caller)
{
    static const char name[] = "/pam_wpam.so";
    Dl_info info;
    if (dladdr(caller, &info) == 0 || !info.dli_fname) {
        return false;
    }
    size_t length = strlen(info.dli_fname), end = sizeof name - 1;
    return length >= end && strcmp(info.dli_fname + length - end, name) == 0;
}

/* Tells whether a call of the module's is to fail, and sets errno for it. */
static bool is_broken(const char *call, int error, const void *caller)
{
    const char *fault = getenv("FAULT_CALL");
    bool broken = fault && strcmp(fault, call) == 0 && is_module(caller);
    errno = broken ? error : errno;
    return broken;
}

/* Counts the module's allocations and tells whether this one is to fail. */
static bool is_refused(const void *caller)
{
    static long count;
    const char *fault = getenv("FAULT_ALLOCATION");
    return fault && is_module(caller) && ++count == atol(fault);
}

#define BREAKABLE(type, failure, error, name, parameters, arguments)                         \
    type name parameters                                                                       \
    {                                                                                          \
        return is_broken(#name, error, CALLER) ? (type)(failure) : REAL(name) arguments;       \
    }

BREAKABLE(pid_t, -1, EAGAIN, fork, (void), ())
BREAKABLE(int, -1, EMFILE, socketpair, (int domain, int type, int protocol, int ends[2]),
          (domain, type, protocol, ends))
BREAKABLE(ssize_t, -1, EIO, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
BREAKABLE(ssize_t, -1, EIO, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags))
BREAKABLE(ssize_t, -1, EIO, read, (int fd, void *bytes, size_t length), (fd, bytes, length))
/* What a hardened build calls in the place of read(). */
ssize_t __read_chk(int fd, void *bytes, size_t length, size_t room);

ssize_t __read_chk(int fd, void *bytes, size_t length, size_t room)
{
    return is_broken("read", EIO, CALLER) ? -1 : REAL(__read_chk)(fd, bytes, length, room);
}

/* The child is reaped, but its status goes to somebody else. */
pid_t waitpid(pid_t pid, int *status, int options)
{
    int lost;
    pid_t reaped = REAL(waitpid)(pid, status ? status : &lost, options);
    return reaped > 0 && is_broken("waitpid", ECHILD, CALLER) ? -1 : reaped;
}

BREAKABLE(int, -1, EIO, getentropy, (void *bytes, size_t length), (bytes, length))
BREAKABLE(int, EIO, EIO, getpwnam_r,
          (const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found),
          (name, entry, buffer, size, found))

/* The module sets what it gives up by prctl(), and nothing that it may do without first. */
int prctl(int option, ...)
{
    unsigned long values[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++) {
        values[i] = va_arg(list, unsigned long);
    }
    va_end(list);
    return is_broken("prctl", EINVAL, CALLER)
               ? -1
               : REAL(prctl)(option, values[0], values[1], values[2], values[3]);
}

/* The one system call that the module makes by its number is close_range(). */
long syscall(long number, ...)
{
    long values[3];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 3; i++) {
        values[i] = va_arg(list, long);
    }
    va_end(list);
    return is_broken("close_range", ENOSYS, CALLER) ? -1 : REAL(syscall)(number, values[0], values[1], values[2]);
}

void *malloc(size_t size)
{
    if (is_refused(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

char *strdup(const char *text)
{
    if (is_refused(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(strdup)(text);
}

char *realpath(const char *path, char *resolved)
{
    if (is_refused(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(realpath)(path, resolved);
}

/* Nanoseconds of the module's clock. */
static int64_t hurried(void)
{
    static int64_t last, sum;
    const char *file = getenv("FAULT_CLOCK");
    struct timespec now;
    (void)REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
    int64_t real = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    sum += last == 0 ? real : (real - last) * (file && access(file, F_OK) == 0 ? HURRY : 1);
    last = real;
    return sum;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC || !is_module(CALLER)) {
        return REAL(clock_gettime)(clock, now);
    }
    int64_t time = hurried();
    *now = (struct timespec){.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
    return 0;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (is_broken("poll", ENOMEM, CALLER)) {
        return -1;
    }
    if (!is_module(CALLER) || timeout < 0) {
        return REAL(poll)(fds, count, timeout);
    }
    int64_t until = hurried() + (int64_t)timeout * 1000000;
    for (;;) {
        int ready = REAL(poll)(fds, count, timeout < SLICE_MS ? timeout : SLICE_MS);
        if (ready != 0 || hurried() >= until) {
            return ready;
        }
    }
}
