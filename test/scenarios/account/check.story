# With key_logins=check a key login is one U2F request under the name of the unix user, as the predecessor did not (defect 9).

[login]
phases = account

[werbot]
user alice@example.com alias=alice key=approve after=200

[dialogue]

[outcome]
allowed

[log]
INFO: login allowed user={user} rhost={rhost} method=U2F ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
