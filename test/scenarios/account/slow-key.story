# A key login whose owner touches the key after 16 seconds, later than a helper may be silent at its start.

[login]
phases = account

[werbot]
user alice@example.com alias=alice key=approve after=16000

[dialogue]

[outcome]
allowed

[log]
INFO: login allowed user={user} rhost={rhost} method=U2F ms={ms} ref={ref}

[requests]
requests = 1
