# Logs of an answer that it was cut short, as the predecessor did not (defect 29).

[werbot]
behave = truncate

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="an answer cut short"

[requests]
connections = 1
handshakes = 1
requests = 1
