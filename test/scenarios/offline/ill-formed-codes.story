# Paths and control characters are no offline codes: three of them, and nothing was spent.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "../bob/{others_code}"
echo "An offline code has 17 letters and digits. Werbot is unreachable. Enter an offline code: " <- "/{offline_code}\u0001"
echo "An offline code has 17 letters and digits. Werbot is unreachable. Enter an offline code: " <- "{offline_code}{offline_code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; the offline codes were refused"

[requests]
connections = 0
requests = 0
