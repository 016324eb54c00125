# A server's own error is no verdict about the user.

[werbot]
behave = status 500

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 500"

[requests]
connections = 1
handshakes = 1
requests = 1
