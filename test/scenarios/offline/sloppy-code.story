# An offline code is taken in lower case, with blanks for dashes and letters that look like digits, hidden where codes are.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice
echo_code = false

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
hidden "Enter your totp code (submit empty for U2F): " <- "{code}"
hidden "Werbot is unreachable. Enter an offline code: " <- "  {sloppy_code} "

[outcome]
allowed

[log]
WARN: offline code spent user={user} rhost={rhost} ref={ref} reason="codes left: 0"
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with a code: {closed}: Connection refused"

[requests]
connections = 0
requests = 0
