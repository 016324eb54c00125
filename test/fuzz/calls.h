/*
 * calls.h: puts the played world of world.c between the shim and everything outside of it.
 *
 * The compiler includes it before each file of shim/, and nothing else does. test/fuzz.sh refuses to build when
 * the shim makes a call that is neither here nor one of its list of calls that touch nothing.
 */
#ifndef WPAM_FUZZ_CALLS_H
#define WPAM_FUZZ_CALLS_H

/* Every header of the shim first: the names below are macros from here on. */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define malloc(size) world_malloc(size)
#define strdup(text) world_strdup(text)
#define free(block) world_free(block)

#define open(...) world_open(__VA_ARGS__)
#define openat(fd, name, flags) world_openat(fd, name, flags)
#define close(fd) world_close(fd)
#define read(fd, out, size) world_read(fd, out, size)
#define write(fd, bytes, size) world_write(fd, bytes, size)
#define fstat(fd, st) world_fstat(fd, st)
#define stat(path, st) world_stat(path, st)
#define lstat(path, st) world_lstat(path, st)
#define realpath(path, out) world_realpath(path, out)
#define fdopendir(fd) world_fdopendir(fd)
#define readdir(folder) world_readdir(folder)
#define closedir(folder) world_closedir(folder)
#define unlinkat(fd, name, flags) world_unlinkat(fd, name, flags)
#define fsync(fd) world_fsync(fd)
#define fchown(fd, uid, gid) world_touch_log(fd)
#define fchmod(fd, mode) world_touch_log(fd)

#define socketpair(domain, type, protocol, ends) world_socketpair(domain, type, protocol, ends)
#define poll(fds, count, ms) world_poll(fds, count, ms)
#define sendmsg(fd, message, flags) world_sendmsg(fd, message, flags)
#define recv(fd, out, size, flags) world_recv(fd, out, size, flags)
#define shutdown(fd, how) world_shutdown(fd, how)

#define fork() world_fork()
#define waitpid(pid, status, options) world_waitpid(pid, status, options)
#define kill(pid, number) world_kill(pid, number)
#define sigaction(number, action, before) world_sigaction(number, action, before)
#define sigprocmask(how, set, before) world_sigprocmask(how, set, before)
#define nanosleep(pause, left) world_nanosleep(pause, left)
#define clock_gettime(clock, now) world_clock_gettime(clock, now)
#define time(out) world_time(out)
#define getentropy(out, size) world_getentropy(out, size)

#define getpid() 1000
#define getuid() world_uid()
#define geteuid() world_uid()
#define getpwnam_r(name, entry, buffer, size, found) world_getpwnam_r(name, entry, buffer, size, found)
#define getgrnam_r(name, entry, buffer, size, found) world_getgrnam_r(name, entry, buffer, size, found)

/* What only the child does, which is never run here. */
#define _exit(status) world_child_only("_exit", status)
#define execve(...) world_child_only("execve", __VA_ARGS__)
#define fcntl(...) world_child_only("fcntl", __VA_ARGS__)
#define dup2(...) world_child_only("dup2", __VA_ARGS__)
#define umask(...) world_child_only("umask", __VA_ARGS__)
#define getrlimit(...) world_child_only("getrlimit", __VA_ARGS__)
#define setrlimit(...) world_child_only("setrlimit", __VA_ARGS__)
#define chdir(...) world_child_only("chdir", __VA_ARGS__)
#define setgroups(...) world_child_only("setgroups", __VA_ARGS__)
#define setgid(...) world_child_only("setgid", __VA_ARGS__)
#define setuid(...) world_child_only("setuid", __VA_ARGS__)
#define getegid() (gid_t)world_child_only("getegid")
#define getppid() world_child_only("getppid")
#define prctl(...) world_child_only("prctl", __VA_ARGS__)
#define syscall(...) world_child_only("syscall", __VA_ARGS__)

#endif
