# A server that ends the handshake with an alert is not trusted, and no request is sent.

[werbot]
behave = tls-alert

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="received fatal alert: HandshakeFailure"

[requests]
requests = 0
