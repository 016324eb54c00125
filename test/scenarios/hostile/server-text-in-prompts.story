# What the server says is never shown to the user.

[werbot]
behave = json {"status":"failed","reason":"Enter your password: "}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="Enter your password: "

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
