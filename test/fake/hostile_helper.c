/*
 * hostile_helper.c: a helper that breaks the protocol, in one way that its argument names; the signal with which
 * it ends itself can be a second one.
 *
 * It plays the part of a helper that somebody has taken over or that has a defect: whatever it does, the
 * module must refuse. Only as `spends NAME`, which asks first, and as `spends-at-once NAME` it is honest: it spends that
 * offline code and obeys. It never touches files or the network. Compiled by test/hostile.ts, test/matrix_test.ts and
 * test/offline_test.ts.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAME_MAX = 65536, TRIES = 4 };

static const char line[] = "INFO: login allowed by a hostile helper";
static const char noise[] = "INFO: noise";
static const char unused[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static char nonce[33];

static void write_all(const void *data, size_t length)
{
    const char *next = data;
    while (length > 0) {
        ssize_t n = write(STDOUT_FILENO, next, length);
        if (n <= 0) {
            _exit(0);
        }
        next += n;
        length -= (size_t)n;
    }
}

static void send_head(char type, uint32_t length)
{
    const unsigned char head[5] = {(unsigned char)type, (unsigned char)(length >> 24),
                                   (unsigned char)(length >> 16), (unsigned char)(length >> 8),
                                   (unsigned char)length};
    write_all(head, sizeof head);
}

static void send_frame(char type, const char *text)
{
    send_head(type, (uint32_t)strlen(text));
    write_all(text, strlen(text));
}

static void send_verdict(const char *sent_nonce)
{
    char text[256];
    (void)snprintf(text, sizeof text, "allowed %s %s", sent_nonce, line);
    send_frame('v', text);
}

static void send_refusal(void)
{
    char text[256];
    (void)snprintf(text, sizeof text, "denied %s WARN: login denied", nonce);
    send_frame('v', text);
}

static void send_filled(char type, uint32_t length, char filling)
{
    char *text = malloc(length);
    if (text) {
        memset(text, filling, length);
        send_head(type, length);
        write_all(text, length);
    }
    free(text);
}

static bool read_all(void *data, size_t length)
{
    char *next = data;
    while (length > 0) {
        ssize_t n = read(STDIN_FILENO, next, length);
        if (n <= 0) {
            return false;
        }
        next += n;
        length -= (size_t)n;
    }
    return true;
}

/* Reads the next frame and returns its type; the payload is cut off by a NUL. */
static char read_frame(char payload[FRAME_MAX + 1])
{
    unsigned char head[5];
    if (!read_all(head, sizeof head)) {
        _exit(0);
    }
    size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (length > FRAME_MAX || !read_all(payload, length)) {
        _exit(0);
    }
    payload[length] = '\0';
    return (char)head[0];
}

/* Reads the hello, as far as this login's nonce and its end. */
static void read_hello(void)
{
    static char payload[FRAME_MAX + 1];
    char type = '\0';
    while (type != 'B') {
        type = read_frame(payload);
        if (type == 'N' && strlen(payload) == 32) {
            memcpy(nonce, payload, 32);
        }
    }
}

/* Spends an offline code; true if the module says so. */
static bool spend(const char *name)
{
    static char payload[FRAME_MAX + 1];
    send_frame('s', name);
    return read_frame(payload) == 'D' && strcmp(payload, "spent") == 0;
}

static _Noreturn void sleep_on(void)
{
    for (;;) {
        (void)sleep(600);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "exits-at-once") == 0) {
        return 0;
    }
    read_hello();
    if (strcmp(mode, "silent") == 0) {
        sleep_on();
    } else if (strcmp(mode, "silent-and-deaf") == 0) {
        (void)signal(SIGTERM, SIG_IGN);
        sleep_on();
    } else if (strcmp(mode, "dies") == 0) {
        (void)kill(getpid(), SIGKILL);
    } else if (strcmp(mode, "endless-frames") == 0) {
        for (;;) {
            send_frame('l', noise);
        }
    } else if (strcmp(mode, "endless-bytes") == 0) {
        for (;;) {
            write_all(line, sizeof line - 1);
        }
    } else if (strcmp(mode, "big-frames") == 0) {
        for (;;) {
            char text[8000];
            memset(text, 'a', sizeof text);
            memcpy(text, noise, sizeof noise - 1);
            send_head('l', sizeof text);
            write_all(text, sizeof text);
        }
    } else if (strcmp(mode, "zero-bytes") == 0) {
        static const char zeros[64];
        write_all(zeros, sizeof zeros);
    } else if (strcmp(mode, "half-a-frame") == 0) {
        send_head('v', 100);
        write_all("allowed", 7);
    } else if (strcmp(mode, "unknown-type") == 0) {
        send_frame('z', line);
    } else if (strcmp(mode, "frame-over-limit") == 0) {
        send_filled('l', FRAME_MAX + 1, 'a');
    } else if (strcmp(mode, "prompt-over-limit") == 0) {
        send_filled('e', 4097, 'a');
    } else if (strcmp(mode, "prompt-with-escape") == 0) {
        send_frame('e', "Password\033[8m: ");
    } else if (strcmp(mode, "prompt-not-utf8") == 0) {
        send_frame('e', "Password\xff: ");
    } else if (strncmp(mode, "spends", 6) == 0 && argc > 2) {
        static char payload[FRAME_MAX + 1];
        if (strcmp(mode, "spends") == 0) {
            send_frame('e', "Ready? ");
            (void)read_frame(payload);
        }
        bool spent = spend(argv[2]);
        if (strcmp(mode, "spends-and-fails") == 0) {
            return 1;
        }
        if (spent) {
            send_verdict(nonce);
        } else {
            send_refusal();
        }
    } else if (strcmp(mode, "spends-four-times") == 0) {
        for (int i = 0; i < TRIES; i++) {
            (void)spend(unused);
        }
        send_verdict(nonce);
    } else if (strcmp(mode, "spends-too-short-a-name") == 0) {
        (void)spend(unused + 1);
        send_verdict(nonce);
    } else if (strcmp(mode, "spends-a-name-and-more") == 0) {
        char text[128];
        (void)snprintf(text, sizeof text, "%s/..", unused);
        (void)spend(text);
        send_verdict(nonce);
    } else if (strcmp(mode, "spends-a-path") == 0) {
        (void)spend("../../../../../../../../../../../../../../../../../../etc/passwd");
        send_verdict(nonce);
    } else if (strcmp(mode, "spends-upper-case") == 0) {
        (void)spend("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789");
        send_verdict(nonce);
    } else if (strcmp(mode, "log-of-two-lines") == 0) {
        send_frame('l', "INFO: one\nINFO: two");
    } else if (strcmp(mode, "log-without-level") == 0) {
        send_frame('l', "login allowed");
    } else if (strcmp(mode, "log-that-closes") == 0) {
        send_frame('l', line);
        send_verdict(nonce);
    } else if (strcmp(mode, "log-that-spends") == 0) {
        send_frame('l', "WARN: offline code spent user=alice");
        send_verdict(nonce);
    } else if (strcmp(mode, "verdict-that-logs-another") == 0) {
        char text[128];
        (void)snprintf(text, sizeof text, "denied %s %s", nonce, line);
        send_frame('v', text);
    } else if (strcmp(mode, "verdict-without-nonce") == 0) {
        send_frame('v', "allowed INFO: login allowed by a hostile helper");
    } else if (strcmp(mode, "verdict-with-wrong-nonce") == 0) {
        send_verdict("0123456789abcdef0123456789abcdef");
    } else if (strcmp(mode, "verdict-with-unknown-word") == 0) {
        char text[128];
        (void)snprintf(text, sizeof text, "ALLOWED %s %s", nonce, line);
        send_frame('v', text);
    } else {
        send_verdict(nonce);
        if (strcmp(mode, "verdict-then-status-1") == 0) {
            return 1;
        } else if (strcmp(mode, "verdict-then-signal") == 0) {
            (void)kill(getpid(), argc > 2 ? atoi(argv[2]) : SIGKILL);
        } else if (strcmp(mode, "verdict-then-byte") == 0) {
            write_all("x", 1);
        } else if (strcmp(mode, "verdict-twice") == 0) {
            send_verdict(nonce);
        } else if (strcmp(mode, "verdict-then-open-stream") == 0) {
            sleep_on();
        } else if (strcmp(mode, "verdict-then-no-exit") == 0) {
            (void)close(STDIN_FILENO);
            (void)close(STDOUT_FILENO);
            sleep_on();
        }
    }
    return 0;
}
