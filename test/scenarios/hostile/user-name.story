# A user name full of quotes is sent and logged unharmed.

[login]
user = "a\"\\;$(id)'"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{wrong}"

[outcome]
denied

[log]
WARN: login denied user="a\"\\;$(id)'" werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="wrong code"

[requests]
connections = 1
handshakes = 1
requests = 1
user = "a\"\\;$(id)'"
