# Asks more of a listed user than any answers when Werbot cannot be reached, as the predecessor did not (defect 18).

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "x"
echo "Enter your totp code (submit empty for U2F): " <- "000000"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=x rhost={rhost} method=totp ms={ms} ref={ref} reason="{closed}: Connection refused; no offline code was given"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
