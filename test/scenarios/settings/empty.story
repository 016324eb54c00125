# An empty configuration asks for nothing but the ID and says, a line each, what is missing.

[config]

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: configuration user={user} ref={ref} reason="{...}service_id is missing{...}"
ERROR: configuration user={user} ref={ref} reason="{...}service_key is missing{...}"
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="{...}server_url is missing{...}"

[requests]
connections = 0
requests = 0
