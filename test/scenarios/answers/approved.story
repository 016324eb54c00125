# An empty code waits for the key, and a touch lets the user in, as the predecessor did not (defect 7).

[werbot]
user alice@example.com key=approve after=300

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
