# A change of protocol is refused.

[werbot]
behave = raw HTTP/1.1 101 Switching Protocols\r\nUpgrade: success\r\n\r\n{"status":"success"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="a change of protocol"

[requests]
connections = 1
handshakes = 1
requests = 1
