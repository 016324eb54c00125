# A proxy that forbids the way is a matter of configuration, for a listed user with a key too.

[config]
{standard}
http_proxy = http://{proxy}
offline_users = alice

[login]
factor = publickey

[proxy]
behave = status 403

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the proxy refuses (HTTP 403): check http_proxy and its user and password"

[requests]
connections = 0
tunnels = 0
proxied = 1
