# A proxy that says nothing is a way in for a listed user with a key, after the time-out.

[config]
{standard}
http_proxy = http://{proxy}
timeout = 1
offline_users = alice

[login]
factor = publickey
waits = 1 s

[proxy]
behave = silence

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with another factor: no connection within 1 s"

[requests]
connections = 0
tunnels = 0
