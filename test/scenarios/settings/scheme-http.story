# A server address with http:// is an error: nothing is ever sent in clear.

[config]
server_url = http://{server}
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
