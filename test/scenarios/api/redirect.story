# A redirect is not followed, even if it comes with a success.

[werbot]
behave = redirect 302 https://localhost/

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 302"

[requests]
connections = 1
handshakes = 1
requests = 1
