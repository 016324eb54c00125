# A typing error in an offline code is noticed, costs a try, and spends nothing.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{mistyped_code}"
echo "That has a typing error in it. Werbot is unreachable. Enter an offline code: " <- "ABCD"
echo "An offline code has 17 letters and digits. Werbot is unreachable. Enter an offline code: " <- "{offline_code}"

[outcome]
allowed

[log]
WARN: offline code spent user={user} rhost={rhost} ref={ref} reason="codes left: 0"
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with a code: {closed}: Connection refused"

[requests]
connections = 0
requests = 0
