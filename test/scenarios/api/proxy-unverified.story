# With insecure_skip_verify any certificate behind a proxy is accepted, with a warning.

[config]
{standard}
http_proxy = http://{proxy}
insecure_skip_verify = true

[werbot]
certificate = self-signed

[proxy]

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
proxied = 1
tunnels = 1
