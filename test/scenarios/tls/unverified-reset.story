# With insecure_skip_verify a reset in the handshake is unreachable, as it is without.

[arguments]
insecure_skip_verify=true

[login]
within = 5 s

[werbot]
behave = hello-reset

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{server}: the connection was reset"

[requests]
requests = 0
