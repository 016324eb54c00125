# An empty answer is no answer.

[werbot]
behave = text 200 application/json

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the answer is empty"

[requests]
connections = 1
handshakes = 1
requests = 1
