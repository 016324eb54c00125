# A proxy that does not reach the server makes it unreachable.

[config]
{standard}
http_proxy = http://{proxy}

[proxy]
behave = status 502

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the proxy gave no way (HTTP 502)"

[requests]
connections = 0
tunnels = 0
