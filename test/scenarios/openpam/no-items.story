# A PAM that gives no item at all still has its login refused and logged, as one from this machine.

[environment]
FAKE_PAM_FAULT=pam_get_item

[dialogue]

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} ref={ref} reason="the application could not ask the user (conversation error)"

[requests]
connections = 0
requests = 0

[rungs]
openpam
