# A certificate for another host is not trusted, and no request is sent.

[werbot]
certificate = wrong-name

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate is not for 127.0.0.1 but for wrong.example"

[requests]
requests = 0
