# A connection that is closed while the user looks for the key is opened anew.

[werbot]
hold = 200
behave = close-idle 100

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- after 1 s ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="no answer from the device"

[requests]
connections = 2
requests = 1
