# A web server in place of a proxy makes the server unreachable.

[config]
{standard}
http_proxy = http://{proxy}

[proxy]
behave = text 404 text/html <html>

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the proxy gave no way (HTTP 404)"

[requests]
connections = 0
tunnels = 0
