# A proxy that says nothing makes the server unreachable after the time-out.

[config]
{standard}
http_proxy = http://{proxy}
timeout = 1

[login]
waits = 1 s

[proxy]
behave = silence

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no connection within 1 s"

[requests]
connections = 0
tunnels = 0
