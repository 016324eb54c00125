# A second answer behind a refusal is not read.

[werbot]
behave = raw HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"status":"failed"}HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"success"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
