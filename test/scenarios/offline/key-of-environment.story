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

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; offline access needs another factor"

[requests]
connections = 0
requests = 0

[rungs]
pam
