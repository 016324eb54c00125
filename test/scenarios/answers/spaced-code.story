# Takes a code that was typed in groups without its blanks, as the predecessor did not (defect 12).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- " 12\t34 56 "

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="wrong code"

[requests]
connections = 1
handshakes = 1
requests = 1
tfaMethod = totp
