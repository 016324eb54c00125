# A proxy that would have to be reached over https is an error.

[config]
{standard}
http_proxy = https://127.0.0.1:3128

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: http_proxy must be http://host:port or http://user:password@host:port"

[requests]
connections = 0
requests = 0
