# A connection cut after the request leaves it undecided, and the code is sent once.

[werbot]
behave = cut

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the connection was cut"

[requests]
connections = 1
handshakes = 1
requests = 1
