# A service key that has lost its name is not shown.

[config]
server_url = {server}
service_id = {id}
{key}

[dialogue]

[outcome]
misconfigured

[log]
{...}
ERROR: login misconfigured {...}

[requests]
connections = 0
requests = 0
