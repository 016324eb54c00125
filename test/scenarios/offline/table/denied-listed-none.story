# Werbot refuses: a listed user does not get in, and no offline code is asked for.

[config]
{standard}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{wrong}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="wrong code"

[requests]
connections = 1
handshakes = 1
requests = 1
