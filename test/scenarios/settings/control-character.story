# A control character in a value is an error.

[files]
wpam.conf text "server_url = {server}\nservice_id = a\u0007b\nservice_key = {key}\n"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 2: service_id has a control character in it"

[requests]
connections = 0
requests = 0
