# A PAM that does not give the conversation is a conversation error, and no helper is started.

[environment]
FAKE_PAM_FAULT=pam_get_item:5

[dialogue]

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="the application could not ask the user (conversation error)"

[requests]
connections = 0
requests = 0

[rungs]
openpam
