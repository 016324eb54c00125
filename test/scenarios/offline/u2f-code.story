# An offline code lets in after an empty code too, where the request could not be sent.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""
echo "Werbot is unreachable. Enter an offline code: " <- "{offline_code}"

[outcome]
allowed

[log]
WARN: offline code spent user={user} rhost={rhost} ref={ref} reason="codes left: 0"
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="offline with a code: {closed}: Connection refused"

[requests]
connections = 0
requests = 0
