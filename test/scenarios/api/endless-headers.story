# Headers without end are refused.

[werbot]
behave = many-headers 20000

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="headers over 16384 bytes"

[requests]
connections = 1
handshakes = 1
requests = 1
