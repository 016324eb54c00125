# Asks again for a code with a control character and never sends it, as the predecessor did not (defect 13).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "12345\u0008"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "\u001b[2J12"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
