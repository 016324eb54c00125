# A line end that was pasted with the ID is not part of it.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "\talice@example.com\r\n"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
wID = alice@example.com
