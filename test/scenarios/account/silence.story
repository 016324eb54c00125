# A key login that Werbot does not answer ends with u2f_timeout.

[config]
{standard}
u2f_timeout = 5
offline_users = alice

[login]
phases = account
waits = 5 s

[werbot]
behave = silence

[dialogue]

[outcome]
undecided

[log]
ERROR: login undecided user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="no answer within 5 s"

[requests]
connections = 1
handshakes = 1
requests = 1
