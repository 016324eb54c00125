# The module follows no link to the folder of a user's offline codes.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[files]
codes link

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{offline_code}"
echo "That code is not valid. Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
unreachable

[log]
WARN: offline code refused user={user} rhost={rhost} ref={ref} reason="{...}/offline/alice: Not a directory"
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; no offline code was given"

[requests]
connections = 0
requests = 0

[rungs]
pam
