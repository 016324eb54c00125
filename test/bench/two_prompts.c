/*
 * two_prompts.c: a PAM module that asks what pam_wpam asks and lets everybody in.
 *
 * What a login costs without a helper, a server and a decision: the measure for everything that pam_wpam adds.
 * Never installed. Called by libpam for test/bench.
 */
#include <stdlib.h>

#include <security/pam_appl.h>
#include <security/pam_modules.h>

#define EXPORT __attribute__((visibility("default")))

static int ask(pam_handle_t *pamh, const char *text)
{
    const void *item = NULL;
    int result = pam_get_item(pamh, PAM_CONV, &item);
    if (result != PAM_SUCCESS || !item) {
        return PAM_CONV_ERR;
    }
    const struct pam_conv *conversation = item;
    const struct pam_message message = {.msg_style = PAM_PROMPT_ECHO_ON, .msg = text};
    const struct pam_message *messages[1] = {&message};
    struct pam_response *answers = NULL;
    result = conversation->conv(1, messages, &answers, conversation->appdata_ptr);
    if (answers) {
        free(answers->resp);
        free(answers);
    }
    return result;
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    int result = ask(pamh, "Enter your Werbot ID (email or username): ");
    return result == PAM_SUCCESS ? ask(pamh, "Enter your totp code (submit empty for U2F): ") : result;
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return pam_sm_acct_mgmt(pamh, flags, argc, argv);
}
