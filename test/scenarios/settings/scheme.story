# Takes a server address with a scheme and a slash for what it means, as the predecessor did not (defect 27).

[config]
server_url = https://{server}/
service_id = {id}
service_key = {key}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
