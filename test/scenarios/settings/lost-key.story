# A service key that has lost its name is not shown.

[config]
server_url = {server}
service_id = {id}
{key}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
{...}
ERROR: login misconfigured {...}

[requests]
connections = 0
requests = 0
