/* pam_ext.h: a header of Linux-PAM alone. It stands here so that including it fails. */
#error "OpenPAM has no pam_ext.h"
