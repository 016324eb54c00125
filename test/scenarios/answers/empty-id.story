# Asks again for an empty ID and never sends the unix user's name in its place, as the predecessor did not (defect 11).

[werbot]
user alice@example.com alias=alice

[dialogue]
echo "Enter your Werbot ID (email or username): " <- " "
echo "The Werbot ID is needed. Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
user = alice
wID = alice@example.com
