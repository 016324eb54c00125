/*
 * faults.c: calls that fail, and a clock that runs fast, for pam_wpam.so alone.
 *
 * A library for LD_PRELOAD; whoever else in the process makes the same calls gets libc's. Compiled by
 * test/matrix_test.ts, which names the fault in the environment:
 *
 *   FAULT_CALL=fork|socketpair     that call fails, for want of processes or descriptors
 *   FAULT_ALLOCATION=N             the N-th allocation fails
 *   FAULT_CLOCK=FILE               while FILE exists, time goes 100 times as fast: a limit of 130 s takes 1.3 s.
 *                                  It is the monotonic clock and the patience of poll() that hurry.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

static bool is_broken(const char *call, const void *caller)
{
    const char *fault = getenv("FAULT_CALL");
    return fault && strcmp(fault, call) == 0 && is_module(caller);
}

/* Counts the module's allocations and tells whether this one is to fail. */
static bool is_refused(const void *caller)
{
    static long count;
    const char *fault = getenv("FAULT_ALLOCATION");
    return fault && is_module(caller) && ++count == atol(fault);
}

pid_t fork(void)
{
    if (is_broken("fork", CALLER)) {
        errno = EAGAIN;
        return -1;
    }
    return REAL(fork)();
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
    if (is_broken("socketpair", CALLER)) {
        errno = EMFILE;
        return -1;
    }
    return REAL(socketpair)(domain, type, protocol, ends);
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
