/*
 * shim.h: what the files of pam_wpam.so share.
 *
 * The module asks for the Werbot ID, carries further questions from the helper to the user and one verdict
 * back to PAM; it decides nothing. docs/protocol.md is the contract with the helper, docs/login.md the
 * story of a login.
 */
#ifndef WPAM_SHIM_H
#define WPAM_SHIM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "platform.h"

enum {
    FRAME_MAX = 65536,        /* bytes in one frame, both directions */
    PROMPT_MAX = 4096,        /* bytes in one prompt */
    LINE_MAX_BYTES = 8192,    /* bytes in one log line */
    REPLY_MAX = 512,          /* bytes of a reply that are passed on: PAM's own limit */
    SESSION_FRAMES = 256,     /* frames from the helper in one login */
    SESSION_BYTES = 1 << 20,  /* bytes from the helper in one login */
    SPENDS_MAX = 3,           /* offline codes that one login may try */
    CONFIG_MAX = 16384,       /* bytes of the configuration file */
    ANCHORS_MAX = 1 << 20,    /* bytes of ca.pem */
    FIRST_FRAME_MS = 15000,   /* start of the helper to its first frame */
    WORK_MS = 130000,         /* all the helper's work, without the user's typing */
    ENDING_MS = 2000,         /* verdict to end of stream, and end of stream to exit */
    BROKEN_MS = 100,          /* the end of a helper that has been given up, before SIGTERM */
    REASON_MAX = 512,         /* a sentence for the log */
};

/* The first question, word for word as specified; src/prompt.ts has it too, for asking again. */
#define ID_PROMPT "Enter your Werbot ID (email or username): "

/* The outcomes of DESIGN section 3. Zeroed memory is VERDICT_NONE, which refuses. */
enum verdict {
    VERDICT_NONE = 0,     /* the helper gave none that counts */
    VERDICT_UNANSWERED,   /* the application could not ask the user */
    VERDICT_DENIED,
    VERDICT_EXHAUSTED,    /* denied for good: the attempts are used up */
    VERDICT_UNREACHABLE,
    VERDICT_UNDECIDED,
    VERDICT_UNTRUSTED,
    VERDICT_MISCONFIGURED,
    VERDICT_ALLOWED = 0x5ec0de,
};

/* One PAM call. Strings belong to PAM or to the caller's stack. */
struct login {
    pam_handle_t *pamh;
    bool account;             /* account phase, else authenticate */
    bool silent;              /* the application wants no messages */
    bool other_factor;        /* sshd itself reports another factor in this login */
    const char *id;           /* the user's answer to ID_PROMPT; NULL in the account phase */
    const char *user, *rhost, *tty, *service;
    const char *config, *helper, *log_file, *offline_dir;
    int argc;                 /* the PAM line's arguments, the shim's own four among them */
    const char **argv;
    char nonce[33];
    char ref[9];
};

/* Text read from a file that only root can have written; `text` is NULL when there is no such file. */
struct document {
    char *text;
    size_t length;
    bool exposed;             /* others may read it */
};

/* A running helper. */
struct helper {
    pid_t pid;
    int fd;
    bool held;                /* the caller's SIGCHLD action is put aside in `sigchld` */
    struct sigaction sigchld;
};

/* One frame; `payload` is allocated, ends with a NUL of its own, and is released by frame_free(). */
struct frame {
    char type;
    size_t length;
    char *payload;
};

enum frame_result { FRAME_OK, FRAME_END, FRAME_LATE, FRAME_TOO_LONG, FRAME_BROKEN, FRAME_NO_MEMORY };

/* frame.c */
enum frame_result frame_send(int fd, char type, const void *payload, size_t length, int64_t *left_ms);
enum frame_result frame_receive(int fd, struct frame *frame, int64_t *left_ms);
void frame_free(struct frame *frame);
bool frame_is_text(const struct frame *frame);

/* session.c */
enum verdict session_run(const struct login *login, const struct document *config,
                         const struct document *anchors, char reason[REASON_MAX]);

/* prompt.c */
bool prompt_ask(pam_handle_t *pamh, bool echo, const char *text, char reply[REPLY_MAX + 1],
                char reason[REASON_MAX]);
void prompt_tell(pam_handle_t *pamh, const char *text);

/* spawn.c */
bool spawn_helper(const char *path, bool own_anchors, struct helper *helper, char reason[REASON_MAX]);
bool spawn_finish(struct helper *helper, int64_t patience_ms, char reason[REASON_MAX]);

/* trust.c */
bool trust_helper(const char *path, char real[], size_t size, char reason[REASON_MAX]);
int trust_open_folder(const char *base, const char *name, char reason[REASON_MAX]);
bool trust_read(const char *path, size_t limit, struct document *out, char reason[REASON_MAX]);
void trust_free(struct document *document);

/* offline.c */
bool offline_is_name(const char *text);
bool offline_spend(const struct login *login, const char *name);

/* log.c */
const char *log_text(const char *line, int *priority);
void log_line(const struct login *login, const char *line);
void log_event(const struct login *login, const char *level, const char *event, const char *reason);

#endif
