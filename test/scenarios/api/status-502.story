# Tells a gateway's 502 apart from a refusal, to PAM and in the log, as the predecessor did not (defect 19).

[werbot]
behave = status 502

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 502"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
