# A key login is checked without a conversation.

[login]
phases = account

[werbot]
user alice@example.com alias=alice key=approve

[outcome]
allowed

[log]
INFO: login allowed user={user} rhost={rhost} method=U2F ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
pam
