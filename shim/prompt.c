/*
 * prompt.c: the conversation with the user, as PAM's application offers it.
 *
 * Keeps no answer: the caller gets a copy and wipes it. Called by session.c and pam_wpam.c; its twin is
 * src/prompt.ts.
 */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int converse(pam_handle_t *pamh, int style, const char *text, struct pam_response **answers)
{
    const void *item = NULL;
    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || !item) {
        return PAM_CONV_ERR;
    }
    const struct pam_conv *conversation = item;
    if (!conversation->conv) {
        return PAM_CONV_ERR;
    }
    /* OpenPAM's msg is not const; nobody writes through it. */
    union { const char *in; char *out; } constless = {.in = text};
    struct pam_message message = {.msg_style = style, .msg = constless.out};
    const struct pam_message *messages[1] = {&message};
    return conversation->conv(1, messages, answers, conversation->appdata_ptr) == PAM_SUCCESS
               ? PAM_SUCCESS
               : PAM_CONV_ERR;
}

static void discard(struct pam_response *answers)
{
    if (answers && answers->resp) {
        platform_wipe(answers->resp, strlen(answers->resp));
        free(answers->resp);
    }
    free(answers);
}

/*
 * Asks one question and copies the answer, cut to REPLY_MAX bytes, into `reply`. False with a reason when
 * there is no conversation, it fails, or it gives no answer.
 */
bool prompt_ask(pam_handle_t *pamh, bool echo, const char *text, char reply[REPLY_MAX + 1],
                char reason[REASON_MAX])
{
    struct pam_response *answers = NULL;
    int style = echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF;
    bool heard = converse(pamh, style, text, &answers) == PAM_SUCCESS;
    bool answered = heard && answers && answers->resp;
    if (answered) {
        size_t length = strnlen(answers->resp, REPLY_MAX);
        memcpy(reply, answers->resp, length);
        reply[length] = '\0';
    } else {
        snprintf(reason, REASON_MAX, "the application could not ask the user (conversation error)");
    }
    if (heard) {
        discard(answers);
    }
    return answered;
}

/* Shows an error text; an application that cannot is no reason to fail. */
void prompt_tell(pam_handle_t *pamh, const char *text)
{
    struct pam_response *answers = NULL;
    if (converse(pamh, PAM_ERROR_MSG, text, &answers) == PAM_SUCCESS) {
        discard(answers);
    }
}
