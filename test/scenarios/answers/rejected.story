# A request that the user rejects on the device is a refusal.

[werbot]
user alice@example.com key=reject after=300

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="request rejected"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
