# With key_logins=leave a key login does not need Werbot.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
key_logins = leave

[login]
phases = account

[dialogue]

[outcome]
allowed

[log]
INFO: login allowed user={user} rhost={rhost} method=key ms={ms} ref={ref} reason="left to sshd (key_logins=leave)"

[requests]
connections = 0
requests = 0
