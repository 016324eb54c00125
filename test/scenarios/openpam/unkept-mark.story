# A login that PAM could not remember until the account phase is refused before anything is asked.

[environment]
FAKE_PAM_FAULT=pam_set_data

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="PAM cannot keep a mark for the account phase"

[requests]
connections = 0
requests = 0

[rungs]
openpam
