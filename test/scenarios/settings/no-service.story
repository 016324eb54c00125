# Wants a service ID and key of its own before it asks Werbot, as the predecessor did not (defect 24).

[config]
server_url = {server}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: configuration user={user} ref={ref} reason="wpam.conf: service_key is missing: the key of that service; a secret"
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf: service_id is missing: which Werbot service guards this machine"

[requests]
connections = 0
requests = 0
