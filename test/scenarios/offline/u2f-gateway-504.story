# A gateway's 504 refuses a listed user's U2F login.

[config]
{standard}
offline_users = alice
offline_factor = none

[werbot]
behave = status 504

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="HTTP 504"

[requests]
connections = 1
handshakes = 1
requests = 1
