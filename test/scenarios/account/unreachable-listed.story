# A key login of a listed user is let in when Werbot cannot be reached: the key is the other factor.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[login]
phases = account

[dialogue]

[outcome]
allowed

[log]
WARN: login allowed user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="offline with another factor: {closed}: Connection refused"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
