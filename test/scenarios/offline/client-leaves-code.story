# A client that goes away when it is asked for an offline code leaves nothing behind.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- leave

[outcome]
left

[log]

[requests]
connections = 0
requests = 0
