# A 301 to another host is not followed.

[werbot]
behave = redirect 301 https://localhost:{port}/

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 301"

[requests]
connections = 1
handshakes = 1
requests = 1
