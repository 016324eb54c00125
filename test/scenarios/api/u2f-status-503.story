# A status other than 200 refuses a U2F login.

[werbot]
behave = status 503

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="HTTP 503"

[requests]
connections = 1
handshakes = 1
requests = 1
