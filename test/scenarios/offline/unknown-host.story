# A name for the server that does not resolve is a way in for a listed user with a key.

[config]
server_url = werbot.invalid
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
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with another factor: werbot.invalid:443: {...}"

[requests]
connections = 0
requests = 0
