/*
 * frame_test.c: the shim's frame reader and writer against the golden frames of test/frames.txt.
 *
 * Prints one line for each frame, `ok NAME` or `FAILED NAME: why`; exit status 1 when one failed.
 * Linked with shim/frame.c and shim/platform.c; run by test/unit/shim_test.ts.
 */
#include "../../shim/shim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

enum { BYTES_MAX = 2 * FRAME_MAX };

/* Reads hexadecimal with blanks and AA*N repeats; returns the number of bytes. */
static size_t read_hex(const char *text, char *out)
{
    size_t length = 0;
    while (*text) {
        unsigned byte = 0;
        int used = 0;
        if (*text == ' ' || *text == '\n') {
            text++;
        } else if (sscanf(text, "%2x%n", &byte, &used) == 1) {
            text += used;
            size_t times = *text == '*' ? strtoul(text + 1, (char **)(uintptr_t)&text, 10) : 1;
            memset(out + length, (int)byte, times);
            length += times;
        } else {
            break;
        }
    }
    return length;
}

/* Waits until the other end has read all that was sent, or has gone. */
static void wait_for_reader(int fd)
{
    int waiting = 0;
    while (ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) {
        (void)usleep(50);
    }
}

/* What one end of a socket sends while the other end reads. */
struct feed {
    const char *bytes;
    size_t length, first, piece;
    int fd;
};

/* Sends the first `first` bytes, then pieces of `piece`, each only when the one before has been read. */
static void *write_pieces(void *data)
{
    const struct feed *feed = data;
    for (size_t at = 0, n = feed->first; at < feed->length; at += n, n = feed->piece) {
        n = feed->length - at < n ? feed->length - at : n;
        if (send(feed->fd, feed->bytes + at, n, MSG_NOSIGNAL) < 0) {
            break;
        }
        wait_for_reader(feed->fd);
    }
    close(feed->fd);
    return NULL;
}

/* Reads everything; counts the frames, notes whether all were text, and compares them re-encoded. */
static const char *read_back(int fd, const char *bytes, int *frames, bool *text,
                             enum frame_result *ending)
{
    size_t at = 0;
    *frames = 0;
    *text = true;
    for (;;) {
        struct frame frame;
        int64_t left = 5000;
        *ending = frame_receive(fd, &frame, &left);
        if (*ending != FRAME_OK) {
            return NULL;
        }
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
            exit(2);
        }
        int size = 4 * FRAME_MAX;
        (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        left = 5000;
        static char again[BYTES_MAX];
        size_t whole = 5 + frame.length, got = 0;
        bool same = frame_send(pair[0], frame.type, frame.payload, frame.length, &left) == FRAME_OK;
        while (same && got < whole) {
            ssize_t n = read(pair[1], again + got, whole - got);
            same = n > 0;
            got += same ? (size_t)n : 0;
        }
        same = same && memcmp(again, bytes + at, whole) == 0;
        close(pair[0]);
        close(pair[1]);
        *frames += 1;
        *text = *text && frame_is_text(&frame);
        frame_free(&frame);
        at += whole;
        if (!same) {
            return "does not encode back to the same bytes";
        }
    }
}

static const char *check(const char *bytes, size_t length, size_t first, size_t piece, const char *expected)
{
    pthread_t writer;
    int frames, ends[2];
    bool text;
    enum frame_result ending;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        exit(2);
    }
    struct feed feed = {bytes, length, first, piece, ends[1]};
    if (pthread_create(&writer, NULL, write_pieces, &feed) != 0) {
        exit(2);
    }
    const char *wrong = read_back(ends[0], bytes, &frames, &text, &ending);
    close(ends[0]);
    (void)pthread_join(writer, NULL);
    if (wrong) {
        return wrong;
    }
    char seen[32];
    if (ending == FRAME_END) {
        snprintf(seen, sizeof seen, "%d %s", frames, text ? "text" : "bytes");
    } else {
        snprintf(seen, sizeof seen, "%s", ending == FRAME_TOO_LONG ? "long" : ending == FRAME_BROKEN ? "cut" : "late");
    }
    static char why[128];
    snprintf(why, sizeof why, "read as %s, not %s", seen, expected);
    return strcmp(seen, expected) == 0 ? NULL : why;
}

/* Checks the bytes in one piece, in many, and in two that are cut anywhere, or in the head of a long one. */
static const char *check_cuts(const char *bytes, size_t length, const char *expected)
{
    size_t small = length > 64 ? 1000 : 1, last = length > 64 ? 6 : length;
    const char *wrong = check(bytes, length, small, small, expected);
    for (size_t first = 1; !wrong && first <= last; first++) {
        wrong = check(bytes, length, first, BYTES_MAX, expected);
    }
    return wrong ? wrong : check(bytes, length, BYTES_MAX, BYTES_MAX, expected);
}

int main(int argc, char **argv)
{
    static char line[4096], bytes[BYTES_MAX];
    FILE *golden = argc == 2 ? fopen(argv[1], "r") : NULL;
    int failed = 0;
    if (!golden) {
        fprintf(stderr, "usage: frame_test test/frames.txt\n");
        return 2;
    }
    while (fgets(line, sizeof line, golden)) {
        char name[64], count[16], kind[16] = "";
        int used = 0;
        if (line[0] == '#' || sscanf(line, "%63s %15s%n", name, count, &used) != 2) {
            continue;
        }
        if (count[0] >= '0' && count[0] <= '9') {
            int more = 0;
            if (sscanf(line + used, "%15s%n", kind, &more) != 1) {
                return 2;
            }
            used += more;
        }
        char expected[40];
        snprintf(expected, sizeof expected, "%s%s%s", count, *kind ? " " : "", kind);
        size_t length = read_hex(line + used, bytes);
        const char *wrong = check_cuts(bytes, length, expected);
        printf("%s %s%s%s\n", wrong ? "FAILED" : "ok", name, wrong ? ": " : "", wrong ? wrong : "");
        failed += wrong != NULL;
    }
    fclose(golden);
    return failed > 0;
}
