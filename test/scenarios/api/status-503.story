# A status other than 200 is no answer, whatever the body says.

[werbot]
behave = status 503

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 503"

[requests]
connections = 1
handshakes = 1
requests = 1
