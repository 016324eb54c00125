# A listed user with a key who gives no well-formed answer does not get in.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice
attempts = 1

[login]
factor = publickey

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "1"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "2"

[outcome]
exhausted

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} ms={ms} ref={ref} reason="no well-formed answer in the attempts allowed"

[requests]
connections = 0
requests = 0
