/*
 * platform.h: this system's PAM, and the calls that are not the same on every system.
 *
 * The rest of the shim names no system: what differs is hidden here and in platform.c. Linux-PAM is found on
 * Linux alone, OpenPAM on FreeBSD, NetBSD and macOS, so the headers of the two tell which libc to expect.
 */
#ifndef WPAM_PLATFORM_H
#define WPAM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <security/pam_appl.h>
#include <security/pam_modules.h>

/* macOS has no such flag: there platform_socketpair() says it once for the whole socket. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

int64_t platform_now_ms(void);
bool platform_random(void *out, size_t length);
void platform_wipe(void *memory, size_t length);
int platform_socketpair(int ends[2]);
void platform_close_from(int lowest);
bool platform_confine(pid_t parent);
void platform_syslog(pam_handle_t *pamh, int priority, const char *line);
void platform_fail_delay(pam_handle_t *pamh, unsigned microseconds);

#endif
