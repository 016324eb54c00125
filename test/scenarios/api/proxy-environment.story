# Proxy variables of the environment are ignored.

[environment]
http_proxy=http://{proxy}
https_proxy=http://{proxy}
all_proxy=http://{proxy}
HTTP_PROXY=http://{proxy}
HTTPS_PROXY=http://{proxy}
ALL_PROXY=http://{proxy}

[proxy]

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
proxied = 0
