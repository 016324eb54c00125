# A certificate that is not for a server is not trusted.

[werbot]
certificate = other-use

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate is not for a server (extendedKeyUsage)"

[requests]
requests = 0
