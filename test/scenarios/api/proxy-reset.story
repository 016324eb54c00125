# A proxy that resets the connection makes the server unreachable.

[config]
{standard}
http_proxy = http://{proxy}

[proxy]
behave = reset

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{proxy}: the connection was reset"

[requests]
connections = 0
tunnels = 0
