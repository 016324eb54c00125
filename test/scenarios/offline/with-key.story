# When Werbot cannot be reached, a listed user with a key as another factor gets in, with a warning.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[login]
factor = publickey

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: {...} user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{...}"

[requests]
connections = 0
requests = 0
