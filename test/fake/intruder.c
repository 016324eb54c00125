/*
 * intruder.c: stands in for the helper and tries what machine code could, had somebody brought it into a helper.
 *
 * A line of the log for each attempt, with what came of it; then a refusal. It harms nothing if it succeeds.
 * Compiled and run by test/confinement_test.ts, beside a login whose helper waits at a prompt.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAME_MAX = 65536, SIZE = 4096 };

static void read_exactly(char *into, size_t length)
{
    for (size_t got = 0; got < length;) {
        ssize_t n = read(STDIN_FILENO, into + got, length - got);
        if (n <= 0) {
            _exit(1);
        }
        got += (size_t)n;
    }
}

static void send_frame(char type, const char *text)
{
    size_t length = strlen(text);
    const char head[5] = {type, 0, 0, (char)(length >> 8), (char)length};
    if (write(STDOUT_FILENO, head, sizeof head) < 0 || write(STDOUT_FILENO, text, length) < 0) {
        _exit(1);
    }
}

static void read_hello(char nonce[33])
{
    static char payload[FRAME_MAX];
    unsigned char head[5] = {0};
    while (head[0] != 'B') {
        read_exactly((char *)head, sizeof head);
        size_t length = (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        read_exactly(payload, length);
        if (head[0] == 'N') {
            memcpy(nonce, payload, 32);
        }
    }
}

static void tell(const char *attempt, int failed)
{
    char line[256];
    (void)snprintf(line, sizeof line, "INFO: attempt %s %s", attempt, failed ? strerror(errno) : "done");
    send_frame('l', line);
}

static int cannot_read(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return 1;
    }
    ssize_t n = read(fd, &byte, 1);
    int error = errno;
    (void)close(fd);
    errno = error;
    return n <= 0;
}

static int cannot_write(void)
{
    char path[] = "/tmp/wpam-intruder-XXXXXX";
    (void)signal(SIGXFSZ, SIG_IGN);
    int fd = mkstemp(path);
    if (fd < 0) {
        return 1;
    }
    ssize_t n = write(fd, "x", 1);
    int error = errno;
    (void)close(fd);
    (void)unlink(path);
    errno = error;
    return n != 1;
}

/* Finds the helper of the other login: another process of this user. */
static pid_t find_neighbour(void)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;
    while (folder && (entry = readdir(folder))) {
        char path[300], line[256];
        pid_t pid = (pid_t)atoi(entry->d_name);
        (void)snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
        FILE *status = pid > 0 && pid != getpid() ? fopen(path, "r") : NULL;
        while (status && fgets(line, sizeof line, status)) {
            unsigned uid;
            if (sscanf(line, "Uid: %u", &uid) == 1 && uid == getuid()) {
                found = pid;
            }
        }
        if (status) {
            (void)fclose(status);
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    return found;
}

static int cannot_open(pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return cannot_read(path);
}

int main(int argc, char **argv)
{
    char nonce[33] = "", line[128];
    read_hello(nonce);
    tell("read-shadow", cannot_read("/etc/shadow"));
    tell("read-settings", cannot_read(argc > 1 ? argv[1] : ""));
    tell("write", cannot_write());
    tell("become-root", setuid(0));
    tell("signal-module", kill(getppid(), SIGTERM));
    tell("trace-module", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0);
    tell("read-module-memory", cannot_open(getppid(), "mem"));

    pid_t neighbour = find_neighbour();
    tell("find-neighbour", neighbour == 0);
    tell("trace-neighbour", ptrace(PTRACE_ATTACH, neighbour, NULL, NULL) != 0);
    tell("read-neighbour-memory", cannot_open(neighbour, "mem"));
    tell("read-neighbour-environment", cannot_open(neighbour, "environ"));

    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("map-code", memory == MAP_FAILED);
    void *much = mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("take-memory", much == MAP_FAILED);

    (void)snprintf(line, sizeof line, "denied %s WARN: login denied by the intruder", nonce);
    send_frame('v', line);
    return 0;
}
