# A server's name is resolved to an IPv6 address too.

[config]
server_url = localhost:{port}
service_id = {id}
service_key = {key}

[werbot]
hostname = ::1

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
