/*
 * frame.c: frames on a socket, each wait charged to the caller's time budget.
 *
 * Knows lengths and bytes, never what a frame means. Called by session.c; its twin is src/frame.ts.
 */
#include "shim.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Waits for `events` and takes the time that it took from *left_ms; false when that is used up. */
static bool wait_for(int fd, short events, int64_t *left_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        if (*left_ms <= 0) {
            return false;
        }
        int64_t before = platform_now_ms();
        int ready = poll(&p, 1, (int)*left_ms);
        int error = errno;
        *left_ms -= platform_now_ms() - before;
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && error != EINTR) {
            *left_ms = 0;
        }
    }
}

/* Reads exactly `length` bytes; an end of stream is FRAME_END before the first byte, else FRAME_BROKEN. */
static enum frame_result receive_all(int fd, char *bytes, size_t length, int64_t *left_ms)
{
    size_t got = 0;
    while (got < length) {
        if (!wait_for(fd, POLLIN, left_ms)) {
            return FRAME_LATE;
        }
        ssize_t n = recv(fd, bytes + got, length - got, MSG_DONTWAIT);
        if (n > 0) {
            got += (size_t)n;
        } else if (n == 0 || errno == ECONNRESET) {
            return got == 0 ? FRAME_END : FRAME_BROKEN;
        } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            return FRAME_BROKEN;
        }
    }
    return FRAME_OK;
}

/* Sends one frame, in one call where the socket takes it; FRAME_END when the helper has gone. */
enum frame_result frame_send(int fd, char type, const void *payload, size_t length, int64_t *left_ms)
{
    if (length > FRAME_MAX) {
        return FRAME_TOO_LONG;
    }
    char head[5] = {type};
    for (int i = 0; i < 4; i++) {
        head[1 + i] = (char)(length >> (24 - 8 * i) & 0xff);
    }
    size_t sent = 0;
    while (sent < sizeof head + length) {
        size_t of_head = sent < sizeof head ? sent : sizeof head, of_payload = sent - of_head;
        struct iovec parts[] = {
            {.iov_base = head + of_head, .iov_len = sizeof head - of_head},
            {.iov_base = (char *)(uintptr_t)payload + of_payload, .iov_len = length - of_payload},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            sent += (size_t)n;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return FRAME_END;
        } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            return FRAME_BROKEN;
        } else if (!wait_for(fd, POLLOUT, left_ms)) {
            return FRAME_LATE;
        }
    }
    return FRAME_OK;
}

/* Receives one frame; FRAME_END only between two frames. Release it with frame_free() on FRAME_OK. */
enum frame_result frame_receive(int fd, struct frame *frame, int64_t *left_ms)
{
    unsigned char head[5];
    *frame = (struct frame){0};
    enum frame_result result = receive_all(fd, (char *)head, sizeof head, left_ms);
    if (result != FRAME_OK) {
        return result;
    }
    size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (length > FRAME_MAX) {
        return FRAME_TOO_LONG;
    }
    char *payload = malloc(length + 1);
    if (!payload) {
        return FRAME_NO_MEMORY;
    }
    result = receive_all(fd, payload, length, left_ms);
    if (result != FRAME_OK) {
        platform_wipe(payload, length);
        free(payload);
        return result == FRAME_END ? FRAME_BROKEN : result;
    }
    payload[length] = '\0';
    *frame = (struct frame){.type = (char)head[0], .length = length, .payload = payload};
    return FRAME_OK;
}

/* Wipes and releases a received frame; does nothing for an empty one. */
void frame_free(struct frame *frame)
{
    if (frame->payload) {
        platform_wipe(frame->payload, frame->length);
        free(frame->payload);
    }
    *frame = (struct frame){0};
}

/* Length of the UTF-8 sequence at `s`, or 0 when it is malformed, overlong, a surrogate or too large. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t extra = 0; extra < 4; extra++) {
        if ((s[0] & forms[extra].mask) != forms[extra].lead) {
            continue;
        }
        if (extra >= left) {
            return 0;
        }
        uint32_t point = s[0] & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            if ((s[i] & 0xc0) != 0x80) {
                return 0;
            }
            point = point << 6 | (s[i] & 0x3f);
        }
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        return point < forms[extra].least || surrogate || point > 0x10ffff ? 0 : extra + 1;
    }
    return 0;
}

/* Tells whether a payload is one printable line: UTF-8 without C0, DEL and C1 control characters. */
bool frame_is_text(const struct frame *frame)
{
    const unsigned char *s = (const unsigned char *)frame->payload;
    size_t left = frame->length;
    while (left > 0) {
        size_t n = utf8_length(s, left);
        bool control = s[0] < 0x20 || s[0] == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
        if (n == 0 || control) {
            return false;
        }
        s += n;
        left -= n;
    }
    return true;
}
