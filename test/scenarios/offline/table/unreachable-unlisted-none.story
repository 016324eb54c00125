# Werbot cannot be reached: a user who is not listed does not get in, and no offline code is asked for.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = bob

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
