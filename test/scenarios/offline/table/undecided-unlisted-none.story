# Werbot gives no usable answer: a user who is not listed does not get in, and no offline code is asked for.

[config]
{standard}
offline_users = bob

[werbot]
behave = status 504

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 504"

[requests]
connections = 1
handshakes = 1
requests = 1
