# An application without a conversation is told so.

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="{...}conversation error{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
