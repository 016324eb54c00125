# A PAM that tells no user though it says it does is refused without a question and without a helper.

[environment]
FAKE_PAM_FAULT=pam_get_user:null

[outcome]
authenticate PAM_USER_UNKNOWN

[requests]
connections = 0
requests = 0

[rungs]
openpam
