/*
 * session.c: one login between user and helper, from the hello to the verdict.
 *
 * Believes nothing: every frame of the helper is checked, every wait has a limit, and whatever is not a
 * complete ending is a refusal. Called by pam_wpam.c.
 */
#include "shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct session {
    const struct login *login;
    struct helper helper;
    int64_t start_ms;         /* left of FIRST_FRAME_MS: hello and first frame */
    int64_t work_ms;          /* left of WORK_MS: runs while the helper works, not while the user types */
    size_t frames, bytes;
    int spends;               /* offline codes that were tried */
    enum verdict verdict;
    struct frame closing;     /* the frame with the verdict */
    const char *line;         /* the helper's closing line, in that frame */
};

static const struct {
    const char *word;
    enum verdict verdict;
} words[] = {
    {"allowed", VERDICT_ALLOWED},         {"denied", VERDICT_DENIED},
    {"exhausted", VERDICT_EXHAUSTED},     {"unreachable", VERDICT_UNREACHABLE},
    {"undecided", VERDICT_UNDECIDED},     {"untrusted", VERDICT_UNTRUSTED},
    {"misconfigured", VERDICT_MISCONFIGURED},
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The time that a wait is charged to now; in the account phase the first frame is the verdict. */
static int64_t *budget(struct session *s)
{
    return s->frames == 0 && !s->login->account ? &s->start_ms : &s->work_ms;
}

static bool send_text(struct session *s, char type, const char *text)
{
    return !text || frame_send(s->helper.fd, type, text, strlen(text), budget(s)) == FRAME_OK;
}

/* Sends the anchors in pieces that fit a frame; the helper joins them. */
static bool send_anchors(struct session *s, const struct document *anchors)
{
    for (size_t sent = 0; sent < anchors->length; sent += FRAME_MAX) {
        size_t left = anchors->length - sent;
        size_t piece = left < FRAME_MAX ? left : FRAME_MAX;
        if (frame_send(s->helper.fd, 'X', anchors->text + sent, piece, budget(s)) != FRAME_OK) {
            return false;
        }
    }
    /* An empty ca.pem is not the same as none: it must not fall back to the system's store. */
    return !anchors->text || anchors->length > 0 ||
           frame_send(s->helper.fd, 'X', "", 0, budget(s)) == FRAME_OK;
}

static bool send_hello(struct session *s, const struct document *config, const struct document *anchors)
{
    const struct login *l = s->login;
    bool sent = send_text(s, 'V', "1") && send_text(s, 'P', l->account ? "account" : "authenticate") &&
                send_text(s, 'N', l->nonce) && send_text(s, 'I', l->ref) &&
                send_text(s, 'U', l->user) && send_text(s, 'H', l->rhost) &&
                send_text(s, 'T', l->tty) && send_text(s, 'S', l->service) &&
                send_text(s, 'F', l->other_factor ? "yes" : "no") && send_text(s, 'W', l->id);
    for (int i = 0; sent && i < l->argc; i++) {
        sent = send_text(s, 'A', l->argv[i]);
    }
    if (sent && config->text) {
        sent = frame_send(s->helper.fd, 'C', config->text, config->length, budget(s)) == FRAME_OK;
    }
    return sent && send_anchors(s, anchors) && send_text(s, 'B', "");
}

/* Receives the next frame within the limits of the session; false with a reason else. */
static bool next_frame(struct session *s, struct frame *frame, char reason[REASON_MAX])
{
    switch (frame_receive(s->helper.fd, frame, budget(s))) {
    case FRAME_OK:
        break;
    case FRAME_END:
        snprintf(reason, REASON_MAX, "the helper ended before its verdict");
        return false;
    case FRAME_LATE:
        snprintf(reason, REASON_MAX, "the helper said nothing in time");
        return false;
    case FRAME_TOO_LONG:
        snprintf(reason, REASON_MAX, "the helper sent a frame over its limit");
        return false;
    case FRAME_NO_MEMORY:
        snprintf(reason, REASON_MAX, "no memory for what the helper sent");
        return false;
    case FRAME_BROKEN:
    default:
        snprintf(reason, REASON_MAX, "the helper sent a broken frame");
        return false;
    }
    s->frames++;
    s->bytes += 5 + frame->length;
    if (s->frames > SESSION_FRAMES || s->bytes > SESSION_BYTES) {
        snprintf(reason, REASON_MAX, "the helper sent more than a login may");
        return false;
    }
    return true;
}

/* Asks the user and passes the answer on; false with a reason when there is none. */
static bool ask(struct session *s, const struct frame *frame, char reason[REASON_MAX])
{
    char reply[REPLY_MAX + 1];
    if (!prompt_ask(s->login->pamh, frame->type == 'e', frame->payload, reply, reason)) {
        s->verdict = VERDICT_UNANSWERED;
        return false;
    }
    bool sent = send_text(s, 'R', reply);
    platform_wipe(reply, sizeof reply);
    if (!sent) {
        snprintf(reason, REASON_MAX, "the helper did not take the answer");
    }
    return sent;
}

/* Spends an offline code and tells the helper how that went; false with a reason when it may not ask. */
static bool spend(struct session *s, const struct frame *frame, char reason[REASON_MAX])
{
    if (s->login->account || s->spends == SPENDS_MAX || !offline_is_name(frame->payload)) {
        snprintf(reason, REASON_MAX, "the helper asked to spend what it may not");
        return false;
    }
    s->spends++;
    bool sent = send_text(s, 'D', offline_spend(s->login, frame->payload) ? "spent" : "refused");
    if (!sent) {
        snprintf(reason, REASON_MAX, "the helper did not take the answer");
    }
    return sent;
}

/* Returns what a log line says if it closes a login, else NULL; only a verdict may carry such a line. */
static const char *closing_text(const char *line)
{
    int priority;
    const char *text = log_text(line, &priority);
    return text && starts_with(text, "login ") ? text : NULL;
}

/* Tells whether the helper may log that: not what ends a login, and not what became of an offline code. */
static bool is_log_line(const char *line)
{
    int priority;
    const char *text = log_text(line, &priority);
    return text && !starts_with(text, "login ") && !starts_with(text, "offline code ");
}

/* Takes `WORD NONCE LINE` into the session, frame and all; false unless all three are as they must be. */
static bool take_verdict(struct session *s, struct frame *frame)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(frame->payload, words[i].word, length) != 0 || frame->payload[length] != ' ') {
            continue;
        }
        const char *nonce = frame->payload + length + 1;
        size_t expected = strlen(s->login->nonce);
        if (strncmp(nonce, s->login->nonce, expected) != 0 || nonce[expected] != ' ') {
            return false;
        }
        const char *line = nonce + expected + 1, *text = closing_text(line);
        bool allowed = words[i].verdict == VERDICT_ALLOWED;
        if (!text || starts_with(text, "login allowed ") != allowed) {
            return false;
        }
        s->line = line;
        s->verdict = words[i].verdict;
        s->closing = *frame;
        *frame = (struct frame){0};
        return true;
    }
    return false;
}

/* Carries frames until the verdict; false with a reason when it does not come to that. */
static bool converse(struct session *s, char reason[REASON_MAX])
{
    for (;;) {
        struct frame frame;
        if (!next_frame(s, &frame, reason)) {
            frame_free(&frame);
            return false;
        }
        size_t most = frame.type == 'e' || frame.type == 'h' ? PROMPT_MAX : LINE_MAX_BYTES;
        bool good = frame.length <= most && frame_is_text(&frame);
        bool ended = false;
        if (!good) {
            snprintf(reason, REASON_MAX, "the helper sent a text that is too long or not printable");
        } else if (frame.type == 'e' || frame.type == 'h') {
            good = ask(s, &frame, reason);
        } else if (frame.type == 'l' && is_log_line(frame.payload)) {
            log_line(s->login, frame.payload);
        } else if (frame.type == 's') {
            good = spend(s, &frame, reason);
        } else if (frame.type == 'v') {
            good = ended = take_verdict(s, &frame);
            if (!good) {
                snprintf(reason, REASON_MAX, "the helper sent a verdict that is not for this login");
            }
        } else {
            good = false;
            snprintf(reason, REASON_MAX, "the helper sent an unknown frame");
        }
        frame_free(&frame);
        if (!good || ended) {
            return good;
        }
    }
}

/* Demands that nothing but the end of the stream follows the verdict. */
static bool ends_there(struct session *s, char reason[REASON_MAX])
{
    struct frame surplus;
    int64_t left = ENDING_MS;
    enum frame_result result = frame_receive(s->helper.fd, &surplus, &left);
    frame_free(&surplus);
    if (result != FRAME_END) {
        snprintf(reason, REASON_MAX, "the helper %s after its verdict",
                 result == FRAME_LATE ? "did not end" : "went on");
        return false;
    }
    return true;
}

/*
 * Runs one login and writes every log line of it, the closing one too, except when the result is
 * VERDICT_NONE or VERDICT_UNANSWERED: then `reason` is the sentence for the caller's closing line.
 */
enum verdict session_run(const struct login *login, const struct document *config,
                         const struct document *anchors, char reason[REASON_MAX])
{
    struct session s = {.login = login, .start_ms = FIRST_FRAME_MS, .work_ms = WORK_MS};
    char ending[REASON_MAX] = "";

    if (!spawn_helper(login->helper, anchors->text != NULL, &s.helper, reason)) {
        return VERDICT_NONE;
    }
    /* A helper that does not read may still have said why: it is heard before it is judged. */
    if (!send_hello(&s, config, anchors)) {
        (void)shutdown(s.helper.fd, SHUT_WR);
    }
    bool complete = converse(&s, reason) && ends_there(&s, reason);
    bool exited = spawn_finish(&s.helper, complete ? ENDING_MS : BROKEN_MS, ending);
    if (complete && !exited) {
        memcpy(reason, ending, REASON_MAX);
    } else if (!complete && s.verdict != VERDICT_UNANSWERED && ending[0] != '\0') {
        size_t used = strlen(reason);
        snprintf(reason + used, REASON_MAX - used, "; %s", ending);
    }
    if (complete && exited) {
        log_line(login, s.line);
    } else if (s.verdict != VERDICT_UNANSWERED) {
        s.verdict = VERDICT_NONE;
    }
    frame_free(&s.closing);
    return s.verdict;
}
