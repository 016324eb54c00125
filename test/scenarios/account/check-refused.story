# With key_logins=check a key login that Werbot does not know is refused.

[login]
phases = account

[dialogue]

[outcome]
denied

[log]
WARN: login denied user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
