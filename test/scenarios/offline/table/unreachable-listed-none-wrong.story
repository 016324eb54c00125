# Werbot cannot be reached: a listed user does not get in with offline codes that nobody has.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{unknown_code}"
echo "That code is not valid. Werbot is unreachable. Enter an offline code: " <- "{others_code}"
echo "That code is not valid. Werbot is unreachable. Enter an offline code: " <- "{mistyped_code}"

[outcome]
unreachable

[log]
WARN: offline code refused user={user} rhost={rhost} ref={ref} reason="no such code: a wrong one, or spent before"
WARN: offline code refused user={user} rhost={rhost} ref={ref} reason="no such code: a wrong one, or spent before"
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; the offline codes were refused"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
