# A service key that Werbot does not know is no way in for a listed user with a key.

[config]
server_url = {server}
service_id = {id}
service_key = another-service-key
offline_users = alice

[login]
factor = publickey

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 401: check service_id and service_key; no offline code was given"

[requests]
connections = 1
handshakes = 1
requests = 1
