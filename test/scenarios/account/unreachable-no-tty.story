# Without sshd's own terminal name the account phase has no other factor.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[login]
phases = account
tty = pts/0

[dialogue]

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="{closed}: Connection refused; offline access needs another factor"

[requests]
connections = 0
requests = 0
