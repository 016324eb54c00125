# A key that PAM cannot tell of is no other factor: a listed user is not let in while Werbot is away.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[login]
factor = publickey

[environment]
FAKE_PAM_FAULT=pam_getenv

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
openpam
