# With key_logins=leave a key login passes with one log line and no request.

[arguments]
key_logins=leave

[login]
phases = account

[dialogue]

[outcome]
allowed

[log]
INFO: login allowed user={user} rhost={rhost} method=key ms={ms} ref={ref} reason="left to sshd (key_logins=leave)"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
