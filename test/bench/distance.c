/*
 * distance.c: runs a program far away, in a network namespace of its own at the end of a slow line.
 *
 * The line is a TUN pair: every packet is held back for the same time, and of a hundred so many are lost, by a
 * sequence that is the same in every run. Addresses exist in the two namespaces alone, so nothing can leave them.
 * Ends with the program, and takes it along when it is ended. Called by test/bench/world.ts, as root.
 *
 *   distance DELAY_MS LOSS_PERCENT HERE THERE PROGRAM ARGUMENT…    DELAY_MS: one way; HERE, THERE: IPv4 addresses
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, PACKETS = 1024, MILLION = 1000000 };

/* What is under way in one direction, first in, first out. */
struct queue {
    struct {
        int64_t due_ns;
        size_t length;
        char bytes[PACKET_MAX];
    } packets[PACKETS];
    size_t first, count;
    int from, to;
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MILLION + now.tv_nsec;
}

static _Noreturn void stop(const char *what)
{
    perror(what);
    exit(1);
}

static void set_address(int control, unsigned long request, struct ifreq *device, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
        stop(address);
    }
    memcpy(&device->ifr_addr, &in, sizeof in);
    if (ioctl(control, request, device) != 0) {
        stop(address);
    }
}

/* Makes one end of the line in the current namespace. */
static int open_end(const char *own, const char *other)
{
    int end = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq device = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    if (end < 0 || control < 0 || ioctl(end, TUNSETIFF, &device) != 0) {
        stop("no TUN device");
    }
    set_address(control, SIOCSIFADDR, &device, own);
    set_address(control, SIOCSIFDSTADDR, &device, other);
    device.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &device) != 0) {
        stop("the TUN device does not come up");
    }
    (void)close(control);
    return end;
}

static bool is_lost(unsigned percent)
{
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % 100 < percent;
}

/* Takes in whatever has arrived; a full queue loses it, as a line would. */
static void take(struct queue *queue, int64_t delay_ns, unsigned loss)
{
    char bytes[PACKET_MAX];
    ssize_t length;
    while ((length = read(queue->from, bytes, sizeof bytes)) > 0) {
        if (queue->count == PACKETS || is_lost(loss)) {
            continue;
        }
        size_t last = (queue->first + queue->count++) % PACKETS;
        queue->packets[last].due_ns = now_ns() + delay_ns;
        queue->packets[last].length = (size_t)length;
        memcpy(queue->packets[last].bytes, bytes, (size_t)length);
    }
}

/* Hands on what is due, and returns the nanoseconds until the next packet is, at most a second. */
static int64_t deliver(struct queue *queue)
{
    while (queue->count > 0) {
        int64_t left = queue->packets[queue->first].due_ns - now_ns();
        if (left > 0) {
            return left;
        }
        (void)!write(queue->to, queue->packets[queue->first].bytes, queue->packets[queue->first].length);
        queue->first = (queue->first + 1) % PACKETS;
        queue->count--;
    }
    return 1000 * MILLION;
}

int main(int argc, char **argv)
{
    static struct queue out, back;
    if (argc < 6) {
        (void)fputs("usage: distance DELAY_MS LOSS_PERCENT HERE THERE PROGRAM ARGUMENT…\n", stderr);
        return 2;
    }
    int64_t delay_ns = atol(argv[1]) * (int64_t)MILLION;
    unsigned loss = (unsigned)atoi(argv[2]);
    int here = open_end(argv[3], argv[4]);
    if (unshare(CLONE_NEWNET) != 0) {
        stop("no network namespace");
    }
    int there = open_end(argv[4], argv[3]);
    out.from = back.to = here;
    out.to = back.from = there;

    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execvp(argv[5], argv + 5);
        _exit(127);
    }
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        int64_t left = deliver(&out), other = deliver(&back);
        left = other < left ? other : left;
        const struct timespec pause = {left / (1000 * MILLION), left % (1000 * MILLION)};
        struct pollfd ends[] = {{.fd = here, .events = POLLIN}, {.fd = there, .events = POLLIN}};
        if (ppoll(ends, 2, &pause, NULL) > 0) {
            take(&out, delay_ns, loss);
            take(&back, delay_ns, loss);
        }
    }
    return 0;
}
