# A host name that nobody knows is unreachable, and the log names it.

[config]
server_url = werbot.invalid
service_id = {id}
service_key = {key}

[login]
within = 15 s

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="werbot.invalid:443: {...}"

[requests]
connections = 0
requests = 0
