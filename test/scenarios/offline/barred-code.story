# Junk that sshd puts in place of an offline code ends the login, and nothing is spent.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- bytes "080a0d7f494e434f5252454354080a0d7f494e43"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="sshd does not let this user log in"

[requests]
connections = 0
requests = 0
