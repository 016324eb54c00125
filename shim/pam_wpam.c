/*
 * pam_wpam.c: the three functions that PAM calls, and what they return.
 *
 * Gathers what PAM and the user know of a login, lets the helper decide, maps its verdict to a PAM code. The start
 * value is refusal; PAM_IGNORE is never returned. Called by libpam inside sshd, su, sudo, login.
 */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>

#ifndef WPAM_HELPER
#error "WPAM_HELPER is the path of this version's helper; the Makefile gives it"
#endif

#define DEFAULT_CONFIG "/etc/wpam/wpam.conf"
#define DEFAULT_LOG "/var/log/wpam.log"
#define DEFAULT_OFFLINE "/var/lib/wpam/offline"
#define EXPORT __attribute__((visibility("default")))
#define MARK "wpam-authenticated"

enum { FAIL_DELAY_US = 2000000 };

/*
 * What authenticate leaves for the account phase. It names the user, who may be changed by another module before;
 * and it is kept before the login begins, so that nothing can fail once Werbot has said yes.
 */
struct mark {
    bool allowed;
    char user[];
};

/* The one place where a verdict becomes a number of this system's PAM. */
static int pam_code(enum verdict verdict, bool account)
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
    case VERDICT_MISCONFIGURED:
    case VERDICT_NONE:
    default:
        return PAM_SERVICE_ERR;
    }
}

static const char *item(pam_handle_t *pamh, int type)
{
    const void *value = NULL;
    return pam_get_item(pamh, type, &value) == PAM_SUCCESS ? value : NULL;
}

/*
 * Tells whether sshd itself reports another factor: a key in the PAM environment that sshd set, or, in
 * the account phase without our own authenticate, that sshd got there at all. Only under sshd: elsewhere
 * pam_env may take that variable from the user. PAM_AUTHTOK is no evidence: a refused password leaves it.
 */
static bool has_other_factor(const struct login *login)
{
    if (!login->tty || strcmp(login->tty, "ssh") != 0) {
        return false;
    }
    if (login->account) {
        return true;
    }
    const char *line = pam_getenv(login->pamh, "SSH_AUTH_INFO_0");
    while (line) {
        if (strncmp(line, "publickey ", 10) == 0) {
            return true;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return false;
}

/* Reads the shim's own arguments on the PAM line; false with a reason when one is no absolute path. */
static bool take_paths(struct login *login, char reason[REASON_MAX])
{
    const struct {
        const char *key;
        const char **value;
    } paths[] = {
        {"config=", &login->config},
        {"helper=", &login->helper},
        {"log_file=", &login->log_file},
        {"offline_dir=", &login->offline_dir}};
    for (int i = 0; i < login->argc; i++) {
        for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
            size_t length = strlen(paths[k].key);
            if (strncmp(login->argv[i], paths[k].key, length) != 0) {
                continue;
            }
            if (login->argv[i][length] != '/') {
                snprintf(reason, REASON_MAX, "PAM argument %.200s is not an absolute path",
                         login->argv[i]);
                return false;
            }
            *paths[k].value = login->argv[i] + length;
        }
    }
    return true;
}

static bool make_names(struct login *login)
{
    static const char hex[] = "0123456789abcdef", base32[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char bits[16 + 8];
    if (!platform_random(bits, sizeof bits)) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        login->nonce[2 * i] = hex[bits[i] >> 4];
        login->nonce[2 * i + 1] = hex[bits[i] & 15];
    }
    for (size_t i = 0; i < 8; i++) {
        login->ref[i] = base32[bits[16 + i] & 31];
    }
    platform_wipe(bits, sizeof bits);
    return true;
}

/* Reads the configuration and, beside it, the trust anchors; false with a reason when one is not safe. */
static bool read_documents(const struct login *login, struct document *config,
                           struct document *anchors, char reason[REASON_MAX])
{
    char beside[PATH_MAX];
    int folder = (int)(strrchr(login->config, '/') - login->config);
    int length = snprintf(beside, sizeof beside, "%.*s/ca.pem", folder, login->config);
    if (length < 0 || (size_t)length >= sizeof beside) {
        snprintf(reason, REASON_MAX, "the path of the configuration file is too long");
        return false;
    }
    if (!trust_read(login->config, CONFIG_MAX, config, reason) ||
        !trust_read(beside, ANCHORS_MAX, anchors, reason)) {
        return false;
    }
    if (!config->text && strcmp(login->config, DEFAULT_CONFIG) != 0) {
        snprintf(reason, REASON_MAX, "%.200s: no such file", login->config);
        return false;
    }
    if (config->exposed) {
        char why[REASON_MAX];
        snprintf(why, sizeof why, "others can read the service key: chmod 0600 %.200s", login->config);
        log_event(login, "WARN", "configuration exposed", why);
    }
    return true;
}

static enum verdict decide(const struct login *login, char reason[REASON_MAX])
{
    struct document config = {0}, anchors = {0};
    char helper[PATH_MAX];
    enum verdict verdict = VERDICT_NONE;
    if (read_documents(login, &config, &anchors, reason) &&
        trust_helper(login->helper, helper, sizeof helper, reason)) {
        struct login resolved = *login;
        resolved.helper = helper;
        verdict = session_run(&resolved, &config, &anchors, reason);
    }
    trust_free(&config);
    trust_free(&anchors);
    return verdict;
}

/*
 * Asks the first question, then lets the helper decide. Whoever goes away at it, as most strangers do, has cost
 * no helper; and nothing is read or trusted before a pause whose length the user chooses.
 */
static enum verdict ask_and_decide(struct login *login, char reason[REASON_MAX])
{
    char id[REPLY_MAX + 1];
    if (!prompt_ask(login->pamh, true, ID_PROMPT, id, reason)) {
        return VERDICT_UNANSWERED;
    }
    login->id = id;
    enum verdict verdict = decide(login, reason);
    login->id = NULL;
    platform_wipe(id, sizeof id);
    return verdict;
}

static void free_mark(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

/* Puts a mark that allows nothing in the place of an earlier one; NULL when PAM or memory does not bear it. */
static struct mark *set_mark(pam_handle_t *pamh, const char *user)
{
    size_t size = strlen(user) + 1;
    struct mark *mark = malloc(sizeof *mark + size);
    if (mark) {
        mark->allowed = false;
        memcpy(mark->user, user, size);
        if (pam_set_data(pamh, MARK, mark, free_mark) != PAM_SUCCESS) {
            free(mark);
            mark = NULL;
        }
    }
    return mark;
}

/* Runs one phase of one login and returns PAM's code for it. */
static int run_login(pam_handle_t *pamh, const char *user, int flags, int argc, const char **argv,
                     bool account)
{
    struct mark *mark = account ? NULL : set_mark(pamh, user);
    struct login login = {
        .pamh = pamh,
        .account = account,
        .silent = ((unsigned)flags & (unsigned)PAM_SILENT) != 0,
        .user = mark ? mark->user : user,
        .rhost = item(pamh, PAM_RHOST),
        .tty = item(pamh, PAM_TTY),
        .service = item(pamh, PAM_SERVICE),
        .config = DEFAULT_CONFIG,
        .helper = WPAM_HELPER,
        .log_file = DEFAULT_LOG,
        .offline_dir = DEFAULT_OFFLINE,
        .argc = argc,
        .argv = argv,
    };
    char reason[REASON_MAX] = "";
    enum verdict verdict = VERDICT_NONE;

    if (login.rhost && !*login.rhost) {
        login.rhost = NULL;
    }
    login.service = login.service ? login.service : "";
    login.other_factor = has_other_factor(&login);
    bool placed = take_paths(&login, reason);
    if (!make_names(&login)) {
        snprintf(reason, sizeof reason, "the kernel gives no random bytes");
    } else if (!account && !mark) {
        snprintf(reason, sizeof reason, "PAM cannot keep a mark for the account phase");
    } else if (placed) {
        verdict = account ? decide(&login, reason) : ask_and_decide(&login, reason);
    }
    if (verdict == VERDICT_NONE) {
        log_event(&login, "ERROR", "login misconfigured", reason);
    } else if (verdict == VERDICT_UNANSWERED) {
        log_event(&login, "WARN", "login denied", reason);
    }
    if (verdict != VERDICT_ALLOWED) {
        platform_fail_delay(pamh, FAIL_DELAY_US);
        if (!login.silent && verdict != VERDICT_UNANSWERED) {
            char text[64];
            snprintf(text, sizeof text, "Werbot login failed (ref %s)", login.ref);
            prompt_tell(pamh, text);
        }
    } else if (mark) {
        mark->allowed = true;
    }
    return pam_code(verdict, account);
}

/* Asks the user for both factors' answers and returns PAM_SUCCESS only if Werbot let the user in. */
EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const char *user = NULL;
    if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || !user || !*user) {
        (void)pam_set_data(pamh, MARK, NULL, NULL);
        return PAM_USER_UNKNOWN;
    }
    return run_login(pamh, user, flags, argc, argv, false);
}

/* Repeats the answer that Werbot gave in authenticate, or asks for one where that did not run. */
EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const void *data = NULL;
    const char *user = item(pamh, PAM_USER);
    if (!user || !*user) {
        return PAM_USER_UNKNOWN;
    }
    if (pam_get_data(pamh, MARK, &data) == PAM_SUCCESS && data) {
        const struct mark *mark = data;
        if (mark->allowed && strcmp(mark->user, user) == 0) {
            return PAM_SUCCESS;
        }
    }
    return run_login(pamh, user, flags, argc, argv, true);
}

/* Has nothing to set; any other answer would end a login that has been allowed. */
EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}
