# Werbot cannot be reached: a listed user with a key gets in by that key, and no offline code is asked for.

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
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with another factor: {closed}: Connection refused"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
