/*
 * pam_modules.h: what OpenPAM offers to a module, and what it calls in one.
 *
 * For tests; see pam_constants.h.
 */
#ifndef SECURITY_PAM_MODULES_H
#define SECURITY_PAM_MODULES_H

#include <security/pam_appl.h>

#define PAM_EXTERN extern

int pam_get_user(pam_handle_t *, const char **, const char *);
int pam_get_data(const pam_handle_t *, const char *, const void **);
int pam_set_data(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int));

PAM_EXTERN int pam_sm_authenticate(pam_handle_t *, int, int, const char **);
PAM_EXTERN int pam_sm_acct_mgmt(pam_handle_t *, int, int, const char **);
PAM_EXTERN int pam_sm_setcred(pam_handle_t *, int, int, const char **);

#endif
