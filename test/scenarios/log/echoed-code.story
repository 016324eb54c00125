# A code that the server sends back is blanked.

[werbot]
behave = json {"status":"failed","reason":"code 271828 is wrong"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "271 828"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="code [REDACTED] is wrong"

[requests]
connections = 1
handshakes = 1
requests = 1
