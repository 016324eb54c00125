/*
 * module.c: pam_sm_authenticate() and pam_sm_acct_mgmt() in a world that the input makes, and in which calls fail.
 *
 * The input is a row of fields, each ended by the byte ff: control bytes, faults, user, rhost, tty, service,
 * SSH_AUTH_INFO_0, arguments and replies one a line, configuration and anchors; the rest is what the helper sends. An
 * empty field stands for what is not there. A fuzz target.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 12000, TEXT_MAX = 4400, ARGUMENTS = 8, ENLARGED = 1024, SELDOM = 240 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The control bytes. */
struct control {
    uint8_t calls, person, machine, helper, exit, piece, repeats;
};

static struct slice take_field(struct slice *rest)
{
    const unsigned char *end = rest->length > 0 ? memchr(rest->at, 0xff, rest->length) : NULL;
    struct slice field = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
    rest->at += end ? field.length + 1 : field.length;
    rest->length -= end ? field.length + 1 : field.length;
    return field;
}

/* Copies a field as a C string; NULL when it is empty. */
static const char *take_text(struct slice *rest, char out[TEXT_MAX])
{
    struct slice field = take_field(rest);
    size_t length = field.length < TEXT_MAX - 1 ? field.length : TEXT_MAX - 1;
    memcpy(out, field.at, length);
    out[length] = '\0';
    return length > 0 ? out : NULL;
}

/* A file's content, which begins after the first byte; none when the field is empty. */
static struct slice take_file(struct slice *rest)
{
    struct slice field = take_field(rest);
    return field.length == 0 ? (struct slice){0} : (struct slice){field.at + 1, field.length - 1};
}

static int split(char *text, const char *parts[ARGUMENTS])
{
    int count = 0;
    for (char *part = strtok(text, "\n"); part && count < ARGUMENTS; part = strtok(NULL, "\n")) {
        parts[count++] = part;
    }
    return count;
}

static void note_child(int number)
{
    (void)number;
}

static struct sigaction pick_action(unsigned which)
{
    switch (which) {
    case 1:
        return (struct sigaction){.sa_handler = SIG_IGN};
    case 2:
        return (struct sigaction){.sa_handler = note_child, .sa_flags = SA_RESTART};
    case 3:
        return (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    default:
        return (struct sigaction){.sa_handler = SIG_DFL};
    }
}

/* The one code that each verdict has, per phase, and none for what is no verdict. */
static int code_of(enum verdict verdict, bool account)
{
    switch (verdict) {
    case VERDICT_ALLOWED:
        return PAM_SUCCESS;
    case VERDICT_DENIED:
    case VERDICT_UNTRUSTED:
        return account ? PAM_PERM_DENIED : PAM_AUTH_ERR;
    case VERDICT_EXHAUSTED:
        return account ? PAM_PERM_DENIED : PAM_MAXTRIES;
    case VERDICT_UNREACHABLE:
    case VERDICT_UNDECIDED:
        return PAM_AUTHINFO_UNAVAIL;
    case VERDICT_UNANSWERED:
        return PAM_CONV_ERR;
    default:
        return PAM_SERVICE_ERR;
    }
}

/* Requires what must hold after one call that could not rely on an earlier one. */
static void judge(const struct world *world, int code, bool account)
{
    const struct story *story = world_story();
    if (story->forks == 0) {
        REQUIRE(code != PAM_SUCCESS);
        REQUIRE(!story->closed_as_allowed);
        REQUIRE(story->faulty || !story->unanswered || code == PAM_CONV_ERR);
    } else {
        enum verdict wanted = oracle_verdict(world, account);
        REQUIRE(code != PAM_SUCCESS || wanted == VERDICT_ALLOWED);
        REQUIRE(code != PAM_SUCCESS || (story->told && story->overheard && story->reaped && story->by_itself));
        REQUIRE(code != PAM_SUCCESS || !story->unanswered);
        REQUIRE(story->faulty || code == code_of(wanted, account));
    }
    REQUIRE(code != PAM_SUCCESS || story->closed_as_allowed);
    REQUIRE(code == PAM_SUCCESS || !story->closed_as_allowed || story->faulty);
    REQUIRE(story->closings == (code == PAM_USER_UNKNOWN ? 0 : 1));
    REQUIRE(code == PAM_SUCCESS || code == PAM_AUTH_ERR || code == PAM_PERM_DENIED || code == PAM_MAXTRIES ||
            code == PAM_AUTHINFO_UNAVAIL || code == PAM_CONV_ERR || code == PAM_SERVICE_ERR ||
            code == PAM_USER_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char user[TEXT_MAX], rhost[TEXT_MAX], tty[TEXT_MAX], service[TEXT_MAX], variable[TEXT_MAX], line[TEXT_MAX];
    static char other[] = "mallory";
    struct slice rest = {data, size};
    struct control control = {0};
    const char *arguments[ARGUMENTS];
    int handle = 0;
    if (size == 0 || size > MOST) {
        return 0;
    }
    struct slice field = take_field(&rest);
    memcpy(&control, field.at, field.length < sizeof control ? field.length : sizeof control);
    struct world world = {
        .ending = (enum ending)(control.helper % 3),
        .leaving = (enum leaving)(control.helper / 4 % 4),
        .exit = control.exit,
        .piece = control.piece,
        .repeats = control.repeats < SELDOM ? 0 : control.repeats,
        .talk = (enum talk)(control.person % 3),
        .root = (control.machine & 1) == 0,
        .lowest = (control.machine & 2) == 0 ? 3 : 0,
        .enlarge = (control.machine & 4) == 0 ? 1 : ENLARGED,
        .sigchld = pick_action(control.machine / 8 % 4),
    };
    world.faults = take_field(&rest);
    world.user = take_text(&rest, user);
    world.rhost = take_text(&rest, rhost);
    world.tty = take_text(&rest, tty);
    world.service = take_text(&rest, service);
    world.variable = take_text(&rest, variable);
    int count = take_text(&rest, line) ? split(line, arguments) : 0;
    world.replies = take_field(&rest);
    world.config = take_file(&rest);
    world.anchors = take_file(&rest);
    world.bytes = rest;

    pam_handle_t *pamh = (pam_handle_t *)&handle;
    int flags = (control.person & 64) == 0 ? 0 : (int)PAM_SILENT;
    int code = PAM_AUTH_ERR;
    world_begin(&world);
    if ((control.calls & 1) == 0) {
        code = pam_sm_authenticate(pamh, flags, count, arguments);
        judge(&world, code, false);
    }
    if ((control.calls & 2) != 0) {
        bool same = (control.calls & 4) == 0;
        bool marked = (control.calls & 1) == 0 && code == PAM_SUCCESS && (same || strcmp(user, other) == 0);
        world_call();
        if (!same) {
            world_change_user(other);
        }
        code = pam_sm_acct_mgmt(pamh, flags, count, arguments);
        if (marked && code == PAM_SUCCESS) {
            REQUIRE(world_story()->forks == 0 && world_story()->closings == 0);
        } else {
            REQUIRE(!marked || world_story()->faulty);
            judge(&world, code, true);
        }
    }
    world_end();
    world_count(code == PAM_SUCCESS);
    return 0;
}
