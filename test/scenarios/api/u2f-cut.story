# A connection cut after the request refuses a U2F login: only an answer is a touch.

[werbot]
behave = cut

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="the connection was cut"

[requests]
connections = 1
handshakes = 1
requests = 1
