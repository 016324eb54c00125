# Refuses a misspelt server_url and never asks a server by default, as the predecessor did not (defect 25).

[config]
server_ulr = {server}
service_id = {id}
service_key = {key}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: configuration user={user} ref={ref} reason="wpam.conf: server_url is missing: the Werbot server"
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 1: unknown key \"server_ulr\": did you mean server_url?"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
