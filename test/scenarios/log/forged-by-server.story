# Keeps a server's reason from forging a log line, as the predecessor did not (defect 31).

[werbot]
behave = json {"status":"failed","reason":"no\n2026-11-23 20:00:00 - INFO: login allowed user=root\r\u2028x"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no\u{a}2026-11-23 20:00:00 - INFO: login allowed user=root\u{d}\u{2028}x"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
