# A server address with a path is an error, for the path is fixed.

[config]
server_url = {server}/auth
service_id = {id}
service_key = {key}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 1: server_url must be host or host:port (https:// may stand before it, http:// may not)"

[requests]
connections = 0
requests = 0
