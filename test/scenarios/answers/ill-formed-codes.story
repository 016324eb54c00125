# Asks again for a code that is not six digits and never starts a key request with it, as the predecessor did not (defect 12).

[werbot]
user alice@example.com key=approve

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "12345"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "abcdef"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "1234567"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "12 34"

[outcome]
exhausted

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} ms={ms} ref={ref} reason="no well-formed answer in the attempts allowed"

[requests]
requests = 0
