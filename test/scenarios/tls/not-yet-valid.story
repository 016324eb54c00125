# A certificate that is not valid yet is not trusted, and no request is sent.

[werbot]
certificate = not-yet-valid

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate is not valid before {...} UTC: check this host's clock"

[requests]
requests = 0
