# An answer that comes before the request is none.

[werbot]
behave = early-answer

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- after 300 ms "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="an answer before the request"

[requests]
connections = 1
handshakes = 1
