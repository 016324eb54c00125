# An ID that looks like JSON is only an ID.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "\",\"status\":\"success"
echo "Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id="\",\"status\":\"success" rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
wID = "\",\"status\":\"success"
