/*
 * world.h: a world for the shim to run in, without kernel, PAM, helper or passing time.
 *
 * Everything that happens in it follows from the fields below, so that every run can be repeated. It never makes
 * a system call. Whatever the shim does that it must never do ends the program: see REQUIRE. Used by session.c and
 * module.c, which set it up from the fuzzer's input, and through calls.h by the shim.
 */
#ifndef WPAM_FUZZ_WORLD_H
#define WPAM_FUZZ_WORLD_H

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <security/pam_appl.h>

#include "../../shim/shim.h"

/* Ends the program, for the fuzzer to keep the input, unless what must always hold does. */
#define REQUIRE(holds) ((holds) ? (void)0 : world_broken(#holds, __FILE__, __LINE__))
_Noreturn void world_broken(const char *what, const char *file, int line);

/* Bytes of the input, not ended by a NUL. */
struct slice {
    const unsigned char *at;
    size_t length;
};

/* What the application offers for talking with the user. */
enum talk { TALKS, HAS_NO_FUNCTION, HAS_NO_ITEM };

/* How the stream of the helper ends after its last byte, and how its process does. */
enum ending { STREAM_ENDS, STREAM_IS_RESET, STREAM_STAYS_OPEN };
enum leaving { LEAVES_AT_ONCE, LEAVES_SLOWLY, LEAVES_ON_TERM, LEAVES_ON_KILL };

struct world {
    /* The helper. Thirty-two times N in a row in what it sends stand for the nonce that it was told. */
    struct slice bytes;
    unsigned repeats;           /* how often its first frame comes once more */
    size_t piece;               /* the most that one call sends or receives; 0: no limit */
    enum ending ending;
    enum leaving leaving;
    unsigned char exit;         /* its exit status below 128; else it is ended by a signal */

    /* The user: one reply a line. The bytes 1, 2, 3 alone are a failure, no array, no answer. */
    struct slice replies;

    /* What PAM knows; NULL when it does not. */
    const char *user, *rhost, *tty, *service, *variable;
    enum talk talk;

    /* The machine: files that are NULL do not exist. */
    struct slice config, anchors;
    unsigned enlarge;           /* how many times longer both files are */
    bool root;
    int lowest;                 /* the lowest free descriptor */
    struct sigaction sigchld;   /* what the program does about it */

    /* Pairs of bytes: how many calls go well before one fails, and in which of its ways. */
    struct slice faults;
};

/* Begins a world. */
void world_begin(const struct world *input);
/* Begins another PAM call in it. */
void world_call(void);
/* Gives PAM_USER another value. */
void world_change_user(const char *user);
/* Ends it, and requires that the shim has left nothing behind and took no more time than it may. */
void world_end(void);

/* What has happened in this call. */
struct story {
    bool faulty;                /* a call has failed that would not have had to */
    unsigned forks, closings;   /* helpers that were started; lines that close a login */
    bool closed_as_allowed;     /* the last of them says `login allowed` */
    bool told;                  /* the helper has got its nonce */
    char nonce[33];
    bool overheard;             /* the helper's stream was read to its end */
    bool reaped, by_itself;     /* the helper has been reaped; nobody had told it to end */
    bool unanswered;            /* a conversation has failed */
    unsigned spends, answers;   /* lines of the log about offline codes; what the helper has heard of them */
};
const struct story *world_story(void);
/* Counts how a login has ended; the sums are printed at the program's end. */
void world_count(bool allowed);

/* The bytes that the helper has for the shim, complete since the nonce is in them. */
struct slice world_stream(void);
/* Finds line `number` of the replies; an empty one when there are fewer. */
struct slice world_reply(struct slice replies, unsigned number);

/* oracle.c: the verdict that docs/protocol.md asks for when no call fails, told by another reading of the rules. */
enum verdict oracle_verdict(const struct world *world, bool account);
/* oracle.c: tells whether a text is the name of an offline code. */
bool oracle_is_code(const char *text);
/* oracle.c: tells whether text is UTF-8 without a control character. */
bool oracle_is_printable(const unsigned char *text, size_t length);
/* oracle.c: finds the text of a log line after its level; NULL when it has none. */
const char *oracle_text(const char *line);

/* The calls of calls.h. */
void *world_malloc(size_t size);
char *world_strdup(const char *text);
void world_free(void *block);
int world_open(const char *path, int flags, ...);
int world_openat(int fd, const char *name, int flags);
int world_close(int fd);
ssize_t world_read(int fd, void *out, size_t size);
ssize_t world_write(int fd, const void *bytes, size_t size);
int world_fstat(int fd, struct stat *st);
int world_stat(const char *path, struct stat *st);
int world_lstat(const char *path, struct stat *st);
char *world_realpath(const char *path, char *out);
int world_touch_log(int fd);
DIR *world_fdopendir(int fd);
struct dirent *world_readdir(DIR *folder);
int world_closedir(DIR *folder);
int world_unlinkat(int fd, const char *name, int flags);
int world_fsync(int fd);
int world_socketpair(int domain, int type, int protocol, int ends[2]);
int world_poll(struct pollfd *fds, nfds_t count, int ms);
ssize_t world_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t world_recv(int fd, void *out, size_t size, int flags);
int world_shutdown(int fd, int how);
pid_t world_fork(void);
pid_t world_waitpid(pid_t pid, int *status, int options);
int world_kill(pid_t pid, int number);
int world_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int world_sigprocmask(int how, const sigset_t *set, sigset_t *before);
int world_nanosleep(const struct timespec *pause, struct timespec *left);
int world_clock_gettime(clockid_t clock, struct timespec *now);
time_t world_time(time_t *out);
int world_getentropy(void *out, size_t size);
uid_t world_uid(void);
int world_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found);
int world_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **found);
_Noreturn int world_child_only(const char *call, ...);

#endif
