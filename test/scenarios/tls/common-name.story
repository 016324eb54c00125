# A certificate that names the host as its subject alone is not for it.

[werbot]
hostname = localhost
certificate = common-name

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate is not for localhost: it names no host (subjectAltName)"

[requests]
requests = 0
