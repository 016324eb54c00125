# A key login of a user who is not listed is not let in when Werbot cannot be reached.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}

[login]
phases = account

[dialogue]

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="{closed}: Connection refused"

[requests]
connections = 0
requests = 0
