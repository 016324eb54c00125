# An ID with characters that turn the writing round is shown by their numbers.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "ali\u202ece\u2066@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id="ali\u{202e}ce\u{2066}@example.com" rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
