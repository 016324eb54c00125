# A status of 204 is no success, although it is 2xx.

[werbot]
behave = status 204

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 204"

[requests]
connections = 1
handshakes = 1
requests = 1
