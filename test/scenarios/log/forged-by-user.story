# Keeps a user name from forging a log line, as the predecessor did not (defect 31).

[login]
user = "al\n2026-11-23 20:00:00 - INFO: login allowed user=root"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{wrong}"

[outcome]
denied

[log]
WARN: login denied user="al\u{a}2026-11-23 20:00:00 - INFO: login allowed user=root" werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="wrong code"

[requests]
connections = 1
handshakes = 1
requests = 1
