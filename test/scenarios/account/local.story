# Checks a key login without a remote host and sends 127.0.0.1, as the predecessor did not (defect 3).

[login]
phases = account
rhost = none

[werbot]
user alice@example.com alias=alice key=approve

[dialogue]

[outcome]
allowed

[log]
INFO: login allowed user={user} method=U2F ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
userIP = 127.0.0.1
