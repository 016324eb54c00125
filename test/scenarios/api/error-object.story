# An error field that is an object does not spoil a refusal.

[werbot]
behave = json {"status":"failed","reason":"policy not assigned","error":{"code":7}}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="policy not assigned"

[requests]
connections = 1
handshakes = 1
requests = 1
