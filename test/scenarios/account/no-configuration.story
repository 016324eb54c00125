# Refuses a key login when the configuration is missing, as the predecessor did not (defect 8).

[files]
wpam.conf absent

[login]
phases = account

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}no such file{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam sshd
