# Another protocol under TLS is no answer.

[werbot]
behave = raw SSH-2.0-OpenSSH_9.2\r\n

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{...}"

[requests]
connections = 1
handshakes = 1
requests = 1
