# An ID that Werbot does not know is refused by Werbot, not by us.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "bob"
echo "Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=bob rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
