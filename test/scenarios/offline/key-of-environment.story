# Outside sshd a key in the PAM environment, where pam_env may have put it, is no other factor.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[login]
factor = publickey
tty = pts/0

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; no offline code was given"

[requests]
connections = 0
requests = 0

[rungs]
pam
