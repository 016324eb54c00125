# Logs a text in the error field as the reason, as the predecessor did not (defect 21).

[werbot]
behave = json {"status":"failed","error":"licence expired"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="licence expired"

[requests]
connections = 1
handshakes = 1
requests = 1
