# A handshake that stalls is a way in for a listed user with a key, after the time-out.

[config]
{standard}
offline_users = alice
timeout = 1

[login]
factor = publickey
waits = 1 s

[werbot]
behave = accept-silent

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with another factor: no connection within 1 s"

[requests]
requests = 0
