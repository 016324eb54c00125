# Refuses an answer of 300 MB at once and in little memory, as the predecessor did not (defect 23).

[login]
within = 5 s

[werbot]
behave = big 300000000

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="a body over 65536 bytes"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
