# With offline_factor=none a broken answer of Werbot still needs an offline code.

[config]
{standard}
offline_users = alice
offline_factor = none

[werbot]
behave = status 504

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{offline_code}"

[outcome]
allowed

[log]
WARN: offline code spent user={user} rhost={rhost} ref={ref} reason="codes left: 0"
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with a code: HTTP 504"

[requests]
connections = 1
handshakes = 1
requests = 1
