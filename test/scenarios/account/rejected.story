# A key login that the user rejects on the device is refused.

[login]
phases = account

[werbot]
user alice@example.com alias=alice key=reject

[dialogue]

[outcome]
denied

[log]
WARN: login denied user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="request rejected"

[requests]
connections = 1
handshakes = 1
requests = 1
user = alice
wID = alice
tfaMethod = U2F
