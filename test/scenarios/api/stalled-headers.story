# Headers that stop in the middle end with the time-out.

[config]
{standard}
timeout = 1

[login]
waits = 1 s

[werbot]
behave = stall-headers

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no answer within 1 s"

[requests]
connections = 1
handshakes = 1
requests = 1
