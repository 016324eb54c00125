/*
 * world.c: plays kernel, files, helper, user and PAM for the shim, and requires what must always hold.
 *
 * Deterministic: a call goes well unless the input's faults say otherwise. It never makes a system call and never
 * runs the child's half of spawn.c. See world.h for who uses it.
 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

enum {
    BLOCKS = 64,
    CODES = 4,                /* offline codes that a run may remove: more than a login may try */
    DESCRIPTORS = 16,
    FILL = 0xa5,              /* what memory that nobody has written holds */
    CHECKED = CONFIG_MAX + 2, /* bytes of a block that are looked at: more than any secret has */
    SHORT = 64,               /* bytes of a frame that may be repeated: more would take too long */
    STREAM_MAX = FRAME_MAX,
    CHILD = 4242,
    START_MS = 1000000,
    TYPING_MS = 3600000,      /* the user thinks for an hour at every prompt */
    LONGEST_MS = FIRST_FRAME_MS + WORK_MS + 2 * ENDING_MS + 1000,
};

static const int FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

enum kind { FREE, OURS, THEIRS, CONFIG, ANCHORS, LOG, BASE, FOLDER };

static struct {
    struct world input;
    struct story story;
    unsigned skip;                        /* calls that go well before the next fault */
    int64_t now, typed;

    struct {
        void *at;
        size_t size;
        bool secret;
    } blocks[BLOCKS];
    enum kind descriptors[DESCRIPTORS];
    bool blocked;                         /* all signals are */
    struct sigaction sigchld;

    unsigned documents;                   /* files opened for reading in this login */
    size_t offset;                        /* in the one that is open */
    bool unsafe, log_unsafe;              /* something that others could have written was looked at */

    char gone[CODES][65];                 /* names of codes that were removed */
    unsigned removed;
    bool spent;                           /* the code of this try is gone, from the disk too */
    int folder;                           /* the descriptor behind the directory stream */
    unsigned listed;                      /* its entries that were read */

    bool alive;                           /* the helper */
    int status;
    int64_t leaves_ms;
    bool deaf;                            /* the shim has shut down its direction */
    bool streaming;                       /* `stream` is complete */
    size_t length, at;
    unsigned prompts;
    unsigned char random[24];             /* other ones at each draw */
    bool drawn;

    /* What the helper hears: the frame that is coming in, and where in the order of the hello we are. */
    struct {
        unsigned char head[5];
        size_t got, left, order, kept;
        char payload[REPLY_MAX + 1];
        bool account;
    } heard;
    char reply[REPLY_MAX + 1];            /* the user's last */

    char *mark_name;
    void *mark;
    void (*clean_mark)(pam_handle_t *, void *, int);
} now;

static unsigned char stream[STREAM_MAX];

_Noreturn void world_broken(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
    abort();
}

const struct story *world_story(void)
{
    return &now.story;
}

static unsigned outcomes[2];

void world_count(bool allowed)
{
    outcomes[allowed ? 1 : 0]++;
}

__attribute__((destructor)) static void print_outcomes(void)
{
    (void)fprintf(stderr, "allowed %u, refused %u\n", outcomes[1], outcomes[0]);
}

/* Says which way a call goes wrong: 0 not at all, 1… harmless, and after these harmful to the login. */
static unsigned fault(unsigned harmless, unsigned harmful)
{
    struct slice *faults = &now.input.faults;
    if (faults->length < 2) {
        return 0;
    }
    if (now.skip < faults->at[0]) {
        now.skip++;
        return 0;
    }
    unsigned way = 1 + faults->at[1] % (harmless + harmful);
    now.skip = 0;
    faults->at += 2;
    faults->length -= 2;
    now.story.faulty = now.story.faulty || way > harmless;
    return way;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

void world_begin(const struct world *input)
{
    memset(&now, 0, sizeof now);
    now.input = *input;
    now.now = START_MS;
    now.sigchld = input->sigchld;
}

void world_call(void)
{
    now.story = (struct story){.faulty = now.story.faulty};
    now.documents = 0;
    now.prompts = 0;
    now.unsafe = false;
}

void world_change_user(const char *user)
{
    now.input.user = user;
}

static void forget_mark(void)
{
    if (now.clean_mark) {
        now.clean_mark((pam_handle_t *)&now, now.mark, 0);
    }
    now.mark = NULL;
    now.clean_mark = NULL;
}

void world_end(void)
{
    forget_mark();
    for (size_t i = 0; i < BLOCKS; i++) {
        REQUIRE(!now.blocks[i].at);
    }
    for (size_t i = 0; i < DESCRIPTORS; i++) {
        REQUIRE(now.descriptors[i] == FREE);
    }
    REQUIRE(!now.alive);
    REQUIRE(!now.blocked);
    REQUIRE(now.sigchld.sa_handler == now.input.sigchld.sa_handler &&
            now.sigchld.sa_flags == now.input.sigchld.sa_flags);
}

/* Memory. */

static void *give_block(void *block, size_t size, bool secret)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        if (!now.blocks[i].at) {
            now.blocks[i].at = block;
            now.blocks[i].size = size;
            now.blocks[i].secret = secret;
            return block;
        }
    }
    world_broken("few blocks at a time", __FILE__, __LINE__);
}

/* The memory for ca.pem, which would cost more time than everything else together. */
static unsigned char large[ANCHORS_MAX + 2];

static void *new_block(size_t size, bool secret)
{
    REQUIRE(size > 0 && size <= sizeof large);
    void *block = size == sizeof large ? large : malloc(size);
    REQUIRE(block);
    ASAN_UNPOISON_MEMORY_REGION(block, size);
    memset(block, FILL, size < CHECKED ? size : CHECKED);
    return give_block(block, size, secret);
}

static void end_block(void *block)
{
    if (block == large) {
        ASAN_POISON_MEMORY_REGION(large, sizeof large);
    } else {
        free(block);
    }
}

void *world_malloc(size_t size)
{
    if (fault(0, 1)) {
        errno = ENOMEM;
        return NULL;
    }
    return new_block(size, true);
}

char *world_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    if (fault(0, 1)) {
        errno = ENOMEM;
        return NULL;
    }
    return memcpy(new_block(size, false), text, size);
}

/* Tells whether a block holds nothing any more; what was never written may stay. */
__attribute__((no_sanitize("address", "undefined"))) static bool is_wiped(const unsigned char *block, size_t size)
{
    unsigned char rest = 0;
    for (size_t i = 0; i < size && i < CHECKED; i++) {
        rest |= (unsigned char)(block[i] != 0 && block[i] != FILL);
    }
    return rest == 0;
}

void world_free(void *block)
{
    for (size_t i = 0; block && i < BLOCKS; i++) {
        if (now.blocks[i].at == block) {
            REQUIRE(!now.blocks[i].secret || is_wiped(block, now.blocks[i].size));
            now.blocks[i].at = NULL;
            end_block(block);
            return;
        }
    }
    REQUIRE(!block);
}

/* Descriptors and files. */

static int give_descriptor(enum kind kind)
{
    int i = 0;
    while (now.descriptors[i] != FREE) {
        i++;
        REQUIRE(i < DESCRIPTORS);
    }
    now.descriptors[i] = kind;
    return now.input.lowest + i;
}

static enum kind *kind_of(int fd)
{
    REQUIRE(fd >= now.input.lowest && fd < now.input.lowest + DESCRIPTORS);
    enum kind *kind = &now.descriptors[fd - now.input.lowest];
    REQUIRE(*kind != FREE);
    return kind;
}

int world_close(int fd)
{
    enum kind *kind = kind_of(fd);
    if (*kind == OURS && now.input.leaving == LEAVES_SLOWLY) {
        now.leaves_ms = now.now + ENDING_MS / 2;
    }
    *kind = FREE;
    return fault(1, 0) ? fail(EINTR) : 0;
}

static int open_log(int flags)
{
    now.log_unsafe = false;
    switch (fault(3, 0)) {
    case 1:
        return fail((flags & O_CREAT) != 0 ? EEXIST : ENOENT);
    case 2:
        return fail(ELOOP);
    case 3:
        return fail(EACCES);
    default:
        return give_descriptor(LOG);
    }
}

static int open_document(void)
{
    static const int errors[] = {EACCES, ELOOP, ENOENT};
    const struct slice *file = now.documents == 0 ? &now.input.config : &now.input.anchors;
    enum kind kind = now.documents++ == 0 ? CONFIG : ANCHORS;
    unsigned way = fault(0, 3);
    now.offset = 0;
    if (way > 0) {
        return fail(errors[way - 1]);
    }
    return file->at ? give_descriptor(kind) : fail(ENOENT);
}

/* Opens the folder above those with offline codes, or that of a user in it. */
static int open_folder(enum kind kind)
{
    static const int errors[] = {ENOENT, ELOOP, EACCES};
    unsigned way = fault(0, 3);
    return way > 0 ? fail(errors[way - 1]) : give_descriptor(kind);
}

int world_open(const char *path, int flags, ...)
{
    const int always = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    REQUIRE(path[0] == '/');
    if (now.alive && (flags & O_ACCMODE) == O_RDONLY) {
        REQUIRE(flags == FOLDER_FLAGS);
        return open_folder(BASE);
    }
    REQUIRE((flags & always) == always);
    if ((flags & O_ACCMODE) == O_RDONLY) {
        REQUIRE(flags == (O_RDONLY | always));
        return open_document();
    }
    REQUIRE((flags & ~(always | O_CREAT | O_EXCL)) == (O_WRONLY | O_APPEND));
    REQUIRE(((flags & O_CREAT) != 0) == ((flags & O_EXCL) != 0));
    return open_log(flags);
}

int world_openat(int fd, const char *name, int flags)
{
    REQUIRE(*kind_of(fd) == BASE && flags == FOLDER_FLAGS);
    REQUIRE(name[0] != '\0' && name[0] != '.' && !strchr(name, '/'));
    return open_folder(FOLDER);
}

ssize_t world_read(int fd, void *out, size_t size)
{
    enum kind kind = *kind_of(fd);
    REQUIRE(kind == CONFIG || kind == ANCHORS);
    struct slice file = kind == CONFIG ? now.input.config : now.input.anchors;
    size_t whole = file.length * now.input.enlarge;
    size_t n = whole - now.offset < size ? whole - now.offset : size;
    switch (fault(2, 1)) {
    case 1:
        return fail(EINTR);
    case 2:
        n = n > 0 ? 1 : 0;
        break;
    case 3:
        return fail(EIO);
    default:
        break;
    }
    for (size_t done = 0, part; done < n; done += part) {
        size_t from = (now.offset + done) % file.length;
        part = file.length - from < n - done ? file.length - from : n - done;
        memcpy((char *)out + done, file.at + from, part);
    }
    now.offset += n;
    return (ssize_t)n;
}

uid_t world_uid(void)
{
    return now.input.root ? 0 : 1000;
}

static bool is_foreign(const struct stat *st)
{
    return st->st_uid != 0 && st->st_uid != world_uid();
}

/* Makes what is safe, or one of the ways in which it is not; the first of them is no harm to a folder. */
static int look(struct stat *st, mode_t safe, unsigned way)
{
    static const struct {
        mode_t mode;
        uid_t uid;
    } ways[] = {{0, 0}, {S_ISVTX | 0777, 0}, {0, 1234}, {0777, 0}, {0020, 0}};
    *st = (struct stat){.st_mode = safe | ways[way].mode, .st_uid = ways[way].uid, .st_nlink = 1};
    bool sticky = S_ISDIR(safe) && (st->st_mode & S_ISVTX) != 0;
    now.unsafe |= is_foreign(st) || ((st->st_mode & 022) != 0 && !sticky);
    return 0;
}

int world_stat(const char *path, struct stat *st)
{
    unsigned way = fault(1, 4);
    REQUIRE(path[0] == '/');
    now.unsafe |= way == 5;
    return way == 5 ? fail(EACCES) : look(st, S_IFDIR | 0755, way);
}

int world_lstat(const char *path, struct stat *st)
{
    unsigned way = fault(2, 0);
    REQUIRE(path[0] == '/');
    return way > 0 ? fail(way == 1 ? ENOENT : EACCES) : look(st, S_IFREG | 0755, 0);
}

static int look_at_log(struct stat *st)
{
    unsigned way = fault(4, 0);
    *st = (struct stat){.st_mode = way == 1 ? S_IFIFO : S_IFREG, .st_nlink = way == 2 ? 2 : 1,
                        .st_uid = way == 3 ? 1234 : 0};
    now.log_unsafe = way > 0;
    return way == 4 ? fail(EIO) : 0;
}

static int look_at_folder(struct stat *st)
{
    static const struct {
        mode_t mode;
        uid_t uid;
    } ways[] = {{0700, 0}, {0700, 1234}, {0770, 0}, {0701, 0}, {0, 0}};
    unsigned way = fault(0, 4);
    *st = (struct stat){.st_mode = S_IFDIR | ways[way].mode, .st_uid = ways[way].uid, .st_nlink = 2};
    now.unsafe |= way > 0;
    return way == 4 ? fail(EIO) : 0;
}

int world_fstat(int fd, struct stat *st)
{
    enum kind kind = *kind_of(fd);
    if (kind == LOG) {
        return look_at_log(st);
    }
    if (kind == FOLDER) {
        return look_at_folder(st);
    }
    REQUIRE(kind == CONFIG || kind == ANCHORS);
    unsigned way = fault(1, 5);
    switch (way) {
    case 1:
        return look(st, S_IFREG | 0644, 0);
    case 5:
        now.unsafe = true;
        return look(st, S_IFIFO | 0600, 0);
    case 6:
        now.unsafe = true;
        return fail(EIO);
    default:
        return look(st, S_IFREG | 0600, way);
    }
}

char *world_realpath(const char *path, char *out)
{
    char far[PATH_MAX + 16];
    REQUIRE(path[0] == '/' && !out);
    switch (fault(1, 3)) {
    case 1:
        path = "/";
        break;
    case 2:
        memset(far, '/', sizeof far - 1);
        far[sizeof far - 1] = '\0';
        path = far;
        break;
    case 3:
        errno = ENOENT;
        return NULL;
    case 4:
        errno = ENOMEM;
        return NULL;
    default:
        break;
    }
    size_t size = strlen(path) + 1;
    return memcpy(new_block(size, false), path, size);
}

int world_touch_log(int fd)
{
    REQUIRE(*kind_of(fd) == LOG);
    return fault(1, 0) ? fail(EPERM) : 0;
}

/* Offline codes: those whose names begin with a digit are there, each once. */

DIR *world_fdopendir(int fd)
{
    REQUIRE(*kind_of(fd) == FOLDER);
    if (fault(0, 1)) {
        errno = ENOMEM;
        return NULL;
    }
    now.folder = fd;
    now.listed = 0;
    return (DIR *)&now.folder;
}

struct dirent *world_readdir(DIR *folder)
{
    static struct dirent entries[] = {{.d_name = "."}, {.d_name = "notes"}, {.d_name = "x"}};
    REQUIRE(folder == (DIR *)&now.folder && *kind_of(now.folder) == FOLDER);
    memset(entries[2].d_name, '7', 64);
    return now.listed == sizeof entries / sizeof *entries || fault(1, 0) ? NULL : &entries[now.listed++];
}

int world_closedir(DIR *folder)
{
    REQUIRE(folder == (DIR *)&now.folder && *kind_of(now.folder) == FOLDER);
    return world_close(now.folder);
}

int world_unlinkat(int fd, const char *name, int flags)
{
    REQUIRE(*kind_of(fd) == FOLDER && flags == 0 && !now.unsafe && oracle_is_code(name));
    unsigned way = fault(0, 2);
    if (way > 0) {
        return fail(way == 1 ? EROFS : EIO);
    }
    bool there = name[0] <= '9';
    for (unsigned i = 0; i < now.removed; i++) {
        there = there && strcmp(now.gone[i], name) != 0;
    }
    if (!there) {
        return fail(ENOENT);
    }
    REQUIRE(now.removed < CODES);
    memcpy(now.gone[now.removed++], name, 65);
    return 0;
}

int world_fsync(int fd)
{
    REQUIRE(*kind_of(fd) == FOLDER && now.removed > 0);
    now.spent = !fault(0, 1);
    return now.spent ? 0 : fail(EIO);
}

/* The log. */

/* Requires one printable line with a level, and counts those that close a login. */
static void hear_line(const char *line)
{
    const char *text = oracle_text(line);
    REQUIRE(text && oracle_is_printable((const unsigned char *)line, strlen(line)));
    if (strncmp(text, "offline code ", 13) == 0) {
        REQUIRE(strncmp(line, "WARN: ", 6) == 0);
        REQUIRE((strncmp(text, "offline code spent ", 19) == 0) == now.spent);
        now.story.spends++;
    }
    if (strncmp(text, "login ", 6) == 0) {
        now.story.closings++;
        now.story.closed_as_allowed = strncmp(text, "login allowed ", 14) == 0;
    }
}

ssize_t world_write(int fd, const void *bytes, size_t size)
{
    static const char form[] = "0000-00-00 00:00:00 - ";
    const char *line = bytes;
    REQUIRE(*kind_of(fd) == LOG && !now.log_unsafe);
    REQUIRE(size > sizeof form && line[size - 1] == '\n');
    for (size_t i = 0; form[i]; i++) {
        REQUIRE(form[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == form[i]);
    }
    REQUIRE(oracle_is_printable(bytes, size - 1));
    switch (fault(2, 0)) {
    case 1:
        return fail(ENOSPC);
    case 2:
        return 1;
    default:
        return (ssize_t)size;
    }
}

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    char line[LINE_MAX_BYTES + 1];
    va_list values;
    (void)pamh;
    (void)priority;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    REQUIRE(length > 0 && (size_t)length < sizeof line);
    hear_line(line);
}

/* Time and chance. */

int world_clock_gettime(clockid_t clock, struct timespec *out)
{
    REQUIRE(clock == CLOCK_MONOTONIC);
    *out = (struct timespec){.tv_sec = now.now / 1000, .tv_nsec = now.now % 1000 * 1000000};
    return 0;
}

time_t world_time(time_t *out)
{
    REQUIRE(!out);
    return 1795824000;
}

int world_nanosleep(const struct timespec *pause, struct timespec *left)
{
    REQUIRE(pause->tv_sec == 0 && pause->tv_nsec > 0 && pause->tv_nsec < 1000000000 && !left);
    now.now += 1 + pause->tv_nsec / 1000000;
    return fault(1, 0) ? fail(EINTR) : 0;
}

int world_getentropy(void *out, size_t size)
{
    REQUIRE(size == sizeof now.random);
    if (fault(0, 1)) {
        return fail(EIO);
    }
    for (size_t i = 0; i < size; i++) {
        now.random[i] = (unsigned char)(now.random[i] * 5U + 7 * i + 11);
    }
    memcpy(out, now.random, size);
    now.drawn = true;
    return 0;
}

/* The helper. */

int world_socketpair(int domain, int type, int protocol, int ends[2])
{
    REQUIRE(domain == AF_UNIX && type == (SOCK_STREAM | SOCK_CLOEXEC) && protocol == 0);
    if (fault(0, 1)) {
        return fail(EMFILE);
    }
    ends[0] = give_descriptor(OURS);
    ends[1] = give_descriptor(THEIRS);
    return 0;
}

pid_t world_fork(void)
{
    REQUIRE(now.blocked);
    REQUIRE(!now.alive);
    REQUIRE(!now.unsafe);
    REQUIRE(now.sigchld.sa_handler == SIG_DFL && (now.sigchld.sa_flags & SA_NOCLDWAIT) == 0);
    if (fault(0, 1)) {
        return fail(EAGAIN);
    }
    now.alive = true;
    now.status = now.input.exit < 128 ? now.input.exit << 8 : 1 + now.input.exit % 64;
    now.leaves_ms = 0;
    now.deaf = now.streaming = false;
    now.at = 0;
    memset(&now.heard, 0, sizeof now.heard);
    now.typed = now.now - START_MS;
    now.story.forks++;
    now.story.by_itself = true;
    now.story.told = now.story.overheard = now.story.reaped = now.story.unanswered = false;
    return CHILD;
}

/* Completes the stream, once: the nonce in place of its marks, and the first frame as often as it comes. */
struct slice world_stream(void)
{
    static const char mark[] = "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN";
    if (!now.streaming) {
        struct slice bytes = now.input.bytes;
        size_t first = 0;
        if (bytes.length >= 5) {
            first = 5 + ((size_t)bytes.at[3] << 8 | bytes.at[4]);
        }
        now.length = 0;
        bool repeatable = first > 0 && first <= bytes.length && first <= SHORT;
        for (unsigned i = 0; i < now.input.repeats && repeatable; i++) {
            memcpy(stream + now.length, bytes.at, first);
            now.length += first;
        }
        memcpy(stream + now.length, bytes.at, bytes.length);
        now.length += bytes.length;
        unsigned char *from = stream, *found;
        while (now.story.told && (found = memmem(from, now.length - (size_t)(from - stream), mark, 32))) {
            memcpy(found, now.story.nonce, 32);
            from = found + 32;
        }
        now.streaming = true;
    }
    return (struct slice){stream, now.length};
}

/* Tells whether a nonce is the random bytes of this call. */
static bool is_drawn(const char *nonce)
{
    char drawn[33];
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(drawn + 2 * i, 3, "%02x", now.random[i]);
    }
    return memcmp(nonce, drawn, 32) == 0;
}

/* Takes the end of a frame from the shim: what must stand where in the hello, and a reply as the user gave it. */
static void hear_frame(void)
{
    static const char order[] = "VPNIUHTSFWACXBR", optional[] = "HTACX", many[] = "AXR";
    char type = (char)now.heard.head[0];
    /* A word about an offline code may stand where a reply may. */
    const char *place = strchr(order, type == 'D' ? 'R' : type);
    REQUIRE(type && place);
    size_t at = (size_t)(place - order);
    REQUIRE(at >= now.heard.order || (at + 1 == now.heard.order && strchr(many, order[at])));
    for (size_t i = now.heard.order; i < at; i++) {
        REQUIRE(strchr(optional, order[i]) || (order[i] == 'W' && now.heard.account));
    }
    now.heard.order = at + 1;
    now.heard.payload[now.heard.kept] = '\0';
    if (type == 'N') {
        REQUIRE(now.heard.kept == 32 && (!now.drawn || is_drawn(now.heard.payload)));
        now.drawn = false;
        memcpy(now.story.nonce, now.heard.payload, 33);
        now.story.told = true;
    } else if (type == 'P') {
        now.heard.account = strcmp(now.heard.payload, "account") == 0;
    } else if (type == 'W' || type == 'R') {
        REQUIRE(type == 'R' || !now.heard.account);
        REQUIRE(strcmp(now.heard.payload, now.reply) == 0);
    } else if (type == 'D') {
        REQUIRE(strcmp(now.heard.payload, now.spent ? "spent" : "refused") == 0);
        REQUIRE(now.story.spends == ++now.story.answers);
    }
}

static void hear(const unsigned char *bytes, size_t size)
{
    for (size_t part; size > 0; bytes += part, size -= part) {
        if (now.heard.got < 5) {
            part = 1;
            now.heard.head[now.heard.got++] = *bytes;
            if (now.heard.got == 5) {
                now.heard.left = (size_t)now.heard.head[1] << 24 | (size_t)now.heard.head[2] << 16 |
                                 (size_t)now.heard.head[3] << 8 | now.heard.head[4];
                now.heard.kept = 0;
                REQUIRE(now.heard.left <= FRAME_MAX);
            }
        } else {
            part = now.heard.left < size ? now.heard.left : size;
            size_t room = REPLY_MAX - now.heard.kept, keep = part < room ? part : room;
            memcpy(now.heard.payload + now.heard.kept, bytes, keep);
            now.heard.kept += keep;
            now.heard.left -= part;
        }
        if (now.heard.got == 5 && now.heard.left == 0) {
            hear_frame();
            now.heard.got = 0;
        }
    }
}

static size_t limit(size_t size)
{
    return now.input.piece > 0 && now.input.piece < size ? now.input.piece : size;
}

int world_poll(struct pollfd *fds, nfds_t count, int ms)
{
    REQUIRE(count == 1 && *kind_of(fds->fd) == OURS);
    REQUIRE(fds->events == POLLIN || fds->events == POLLOUT);
    REQUIRE(ms > 0 && ms <= WORK_MS);
    bool silent = fds->events == POLLIN && world_stream().length == now.at && now.input.ending == STREAM_STAYS_OPEN;
    switch (fault(2, 3)) {
    case 1:
        now.now += 1;
        return fail(EINTR);
    case 2:
        now.now += 1;
        return 0;
    case 3:
        silent = true;
        break;
    case 4:
        return fail(ENOMEM);
    case 5:
        now.now += silent ? 0 : ms;
        break;
    default:
        break;
    }
    if (silent) {
        now.now += ms;
        return 0;
    }
    fds->revents = fds->events;
    return 1;
}

ssize_t world_sendmsg(int fd, const struct msghdr *message, int flags)
{
    static const int errors[] = {EINTR, EAGAIN, 0, EPIPE, ECONNRESET, EIO};
    const struct iovec *parts = message->msg_iov;
    REQUIRE(message->msg_iovlen == 2 && !message->msg_name && !message->msg_control);
    size_t size = parts[0].iov_len + parts[1].iov_len;
    REQUIRE(*kind_of(fd) == OURS && flags == (MSG_NOSIGNAL | MSG_DONTWAIT) && size > 0);
    if (now.deaf) {
        return fail(EPIPE);
    }
    unsigned way = fault(3, 3);
    if (way > 0 && errors[way - 1] != 0) {
        return fail(errors[way - 1]);
    }
    size_t n = way > 0 ? 1 : limit(size), first = n < parts[0].iov_len ? n : parts[0].iov_len;
    hear(parts[0].iov_base, first);
    hear(parts[1].iov_base, n - first);
    return (ssize_t)n;
}

static ssize_t end_stream(enum ending ending)
{
    now.story.overheard = true;
    return ending == STREAM_IS_RESET ? fail(ECONNRESET) : 0;
}

ssize_t world_recv(int fd, void *out, size_t size, int flags)
{
    REQUIRE(*kind_of(fd) == OURS && flags == MSG_DONTWAIT && size > 0);
    size_t n = limit(size);
    (void)world_stream();
    switch (fault(3, 3)) {
    case 1:
        return fail(EINTR);
    case 2:
        return fail(EAGAIN);
    case 3:
        n = 1;
        break;
    case 4:
        return fail(EIO);
    case 5:
    case 6:
        now.length = now.at;
        now.input.ending = STREAM_ENDS;
        break;
    default:
        break;
    }
    size_t left = now.length - now.at;
    if (left == 0) {
        return now.input.ending == STREAM_STAYS_OPEN ? fail(EAGAIN) : end_stream(now.input.ending);
    }
    n = n < left ? n : left;
    memcpy(out, stream + now.at, n);
    now.at += n;
    return (ssize_t)n;
}

int world_shutdown(int fd, int how)
{
    REQUIRE(*kind_of(fd) == OURS && how == SHUT_WR);
    now.deaf = true;
    return 0;
}

pid_t world_waitpid(pid_t pid, int *status, int options)
{
    REQUIRE(pid == CHILD && now.alive);
    REQUIRE(options == 0 || options == WNOHANG);
    REQUIRE(now.now - START_MS - now.typed <= LONGEST_MS);
    switch (fault(1, 1)) {
    case 1:
        return fail(EINTR);
    case 2:
        now.alive = false;
        return fail(ECHILD);
    default:
        break;
    }
    bool told = !now.story.by_itself;
    bool left = now.input.leaving == LEAVES_AT_ONCE || told ||
                (now.input.leaving == LEAVES_SLOWLY && now.now >= now.leaves_ms);
    if (!left) {
        REQUIRE(options == WNOHANG);
        return 0;
    }
    now.alive = false;
    now.story.reaped = true;
    *status = now.status;
    return CHILD;
}

int world_kill(pid_t pid, int number)
{
    REQUIRE(pid == CHILD && now.alive);
    REQUIRE(number == SIGTERM || number == SIGKILL);
    if (number == SIGKILL || now.input.leaving != LEAVES_ON_KILL) {
        now.story.by_itself = false;
        now.status = number;
    }
    return 0;
}

int world_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    REQUIRE(number == SIGCHLD);
    if (before) {
        *before = now.sigchld;
    }
    if (action) {
        now.sigchld = *action;
    }
    return 0;
}

int world_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    REQUIRE(how == SIG_SETMASK);
    bool all = sigismember(set, SIGTERM) == 1 && sigismember(set, SIGCHLD) == 1;
    if (before) {
        sigemptyset(before);
    }
    now.blocked = all;
    return 0;
}

_Noreturn int world_child_only(const char *call, ...)
{
    world_broken(call, "the child's half of shim/spawn.c", 0);
}

/* Accounts. */

/* Looks up the user of this login, whose offline code is to be spent; the database may spell him as it likes. */
static int find_login_user(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
    static const char *const spellings[] = {NULL, "../alice", ".alice", ""};
    unsigned way = fault(0, 5);
    REQUIRE(strcmp(name, now.input.user) == 0);
    now.spent = false;
    now.unsafe = way > 0;
    bool fits = snprintf(buffer, size, "%s", way < 4 && way > 0 ? spellings[way] : name) < (int)size;
    *entry = (struct passwd){.pw_name = buffer};
    *found = way >= 4 || !fits ? NULL : entry;
    return way == 5 || !fits ? ERANGE : 0;
}

int world_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
    if (now.alive) {
        return find_login_user(name, entry, buffer, size, found);
    }
    REQUIRE(strcmp(name, "wpam") == 0);
    unsigned way = fault(0, 4);
    *entry = (struct passwd){.pw_uid = way == 1 ? 0 : 990, .pw_gid = way == 2 ? 0 : 990};
    *found = way == 3 || way == 4 ? NULL : entry;
    now.unsafe |= way > 0;
    return way == 4 ? ERANGE : 0;
}

int world_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **found)
{
    (void)buffer;
    (void)size;
    REQUIRE(strcmp(name, "adm") == 0);
    *entry = (struct group){.gr_gid = 4};
    *found = fault(1, 0) ? NULL : entry;
    return 0;
}

/* The user. */

struct slice world_reply(struct slice replies, unsigned number)
{
    for (;;) {
        const unsigned char *end = replies.length > 0 ? memchr(replies.at, '\n', replies.length) : NULL;
        size_t length = end ? (size_t)(end - replies.at) : replies.length;
        if (number-- == 0) {
            return (struct slice){replies.at, length};
        }
        replies.at += end ? length + 1 : length;
        replies.length -= end ? length + 1 : length;
    }
}

static void copy_reply(char *out, struct slice reply, size_t most)
{
    size_t length = reply.length < most ? reply.length : most;
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)(reply.at[i] ? reply.at[i] : ' ');
    }
    out[length] = '\0';
}

static int answer(struct slice reply, struct pam_response **answers)
{
    unsigned char only = reply.length == 1 ? reply.at[0] : 0;
    now.now += TYPING_MS;
    now.typed += TYPING_MS;
    *answers = NULL;
    now.story.unanswered = only >= 1 && only <= 3;
    if (only == 1) {
        return PAM_CONV_ERR;
    }
    if (only == 2) {
        return PAM_SUCCESS;
    }
    *answers = new_block(sizeof **answers, false);
    (*answers)->resp = NULL;
    if (only != 3) {
        (*answers)->resp = new_block(reply.length + 1, true);
        copy_reply((*answers)->resp, reply, reply.length);
        copy_reply(now.reply, reply, REPLY_MAX);
    }
    return PAM_SUCCESS;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    REQUIRE(count == 1 && data == &now);
    const char *text = messages[0]->msg;
    REQUIRE(strlen(text) <= PROMPT_MAX && oracle_is_printable((const unsigned char *)text, strlen(text)));
    switch (messages[0]->msg_style) {
    case PAM_PROMPT_ECHO_ON:
    case PAM_PROMPT_ECHO_OFF:
        return answer(world_reply(now.input.replies, now.prompts++), answers);
    default:
        REQUIRE(messages[0]->msg_style == PAM_ERROR_MSG);
        *answers = NULL;
        return PAM_SUCCESS;
    }
}

/* PAM. */

int pam_get_item(const pam_handle_t *pamh, int type, const void **value)
{
    static const struct pam_conv conversations[] = {{converse, &now}, {NULL, NULL}};
    (void)pamh;
    *value = NULL;
    if (fault(0, 1)) {
        return PAM_SYSTEM_ERR;
    }
    switch (type) {
    case PAM_USER:
        *value = now.input.user;
        break;
    case PAM_RHOST:
        *value = now.input.rhost;
        break;
    case PAM_TTY:
        *value = now.input.tty;
        break;
    case PAM_SERVICE:
        *value = now.input.service;
        break;
    default:
        REQUIRE(type == PAM_CONV);
        *value = now.input.talk == HAS_NO_ITEM ? NULL : &conversations[now.input.talk];
        break;
    }
    return PAM_SUCCESS;
}

int pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt)
{
    (void)pamh;
    REQUIRE(!prompt);
    unsigned way = fault(0, 2);
    *user = way == 2 ? NULL : now.input.user;
    return way == 1 ? PAM_CONV_ERR : PAM_SUCCESS;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
    (void)pamh;
    REQUIRE(strcmp(name, "SSH_AUTH_INFO_0") == 0);
    return now.input.variable;
}

int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                 void (*clean)(pam_handle_t *, void *, int))
{
    (void)pamh;
    REQUIRE(strcmp(name, "wpam-authenticated") == 0);
    for (size_t i = 0; data && i < BLOCKS; i++) {
        /* It names the user: no secret. */
        now.blocks[i].secret = now.blocks[i].secret && now.blocks[i].at != data;
    }
    /* As in Linux-PAM only a new entry takes memory, and clearing one cannot fail. */
    if (data && fault(0, 1)) {
        return PAM_BUF_ERR;
    }
    forget_mark();
    now.mark = data;
    now.clean_mark = clean;
    return PAM_SUCCESS;
}

int pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
    (void)pamh;
    REQUIRE(strcmp(name, "wpam-authenticated") == 0);
    *data = now.mark;
    return now.mark ? PAM_SUCCESS : PAM_NO_MODULE_DATA;
}

int pam_fail_delay(pam_handle_t *pamh, unsigned microseconds)
{
    (void)pamh;
    REQUIRE(microseconds > 0);
    return PAM_SUCCESS;
}
