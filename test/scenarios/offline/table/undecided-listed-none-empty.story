# Werbot gives no usable answer: a listed user does not get in without an offline code.

[config]
{standard}
offline_users = alice

[werbot]
behave = status 504

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 504; no offline code was given"

[requests]
connections = 1
handshakes = 1
requests = 1
