# A key login that Werbot gives no usable answer on is not let in for a listed user either.

[config]
{standard}
offline_users = alice

[login]
phases = account

[werbot]
behave = status 503

[dialogue]

[outcome]
undecided

[log]
ERROR: login undecided user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="HTTP 503"

[requests]
connections = 1
handshakes = 1
requests = 1
