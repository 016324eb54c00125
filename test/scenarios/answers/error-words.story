# Takes words that are errors inside a program for ordinary answers, as the predecessor did not (defect 6).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "cr"
echo "Enter your totp code (submit empty for U2F): " <- "pam_auth_err"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=cr rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
wID = cr
