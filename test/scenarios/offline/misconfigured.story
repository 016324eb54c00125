# A mistake in the configuration is no way in for a listed user with a key.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice
timeout = 0

[login]
factor = publickey

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 5: timeout must be a number of seconds from 1 to 60"

[requests]
connections = 0
requests = 0
