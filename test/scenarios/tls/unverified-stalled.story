# With insecure_skip_verify a handshake that stalls is unreachable after the time-out.

[config]
{standard}
insecure_skip_verify = true
timeout = 1

[login]
waits = 1 s

[werbot]
behave = tls-half

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- after 1 s "{code}"

[outcome]
unreachable

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no connection within 1 s"

[requests]
requests = 0
