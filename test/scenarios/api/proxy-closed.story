# A proxy that refuses connections makes the server unreachable, and the log names it.

[config]
{standard}
http_proxy = http://{closed}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused"

[requests]
connections = 0
requests = 0
