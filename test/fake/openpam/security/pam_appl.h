/*
 * pam_appl.h: what OpenPAM offers to an application, and its types.
 *
 * For tests; see pam_constants.h. The messages are `char *` here and `const char *` in Linux-PAM.
 */
#ifndef SECURITY_PAM_APPL_H
#define SECURITY_PAM_APPL_H

#include <security/pam_constants.h>

typedef struct pam_handle pam_handle_t;

struct pam_message {
    int msg_style;
    char *msg;
};

struct pam_response {
    char *resp;
    int resp_retcode;
};

struct pam_conv {
    int (*conv)(int, const struct pam_message **, struct pam_response **, void *);
    void *appdata_ptr;
};

int pam_start(const char *, const char *, const struct pam_conv *, pam_handle_t **);
int pam_end(pam_handle_t *, int);
int pam_authenticate(pam_handle_t *, int);
int pam_acct_mgmt(pam_handle_t *, int);
int pam_setcred(pam_handle_t *, int);
int pam_open_session(pam_handle_t *, int);
int pam_close_session(pam_handle_t *, int);
int pam_get_item(const pam_handle_t *, int, const void **);
int pam_set_item(pam_handle_t *, int, const void *);
int pam_putenv(pam_handle_t *, const char *);
const char *pam_getenv(pam_handle_t *, const char *);

/* Of Linux-PAM: test/pam_app.c has its policy in a folder of its own. */
int pam_start_confdir(const char *, const char *, const struct pam_conv *, const char *, pam_handle_t **);

#endif
