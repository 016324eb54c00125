# Refuses a listed user whose U2F request ends without an answer, as the predecessor did not (defect 17).

[config]
{standard}
u2f_timeout = 5
offline_users = alice

[login]
factor = publickey
waits = 5 s

[werbot]
behave = silence

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="no answer within 5 s"

[requests]
connections = 1
handshakes = 1
requests = 1
