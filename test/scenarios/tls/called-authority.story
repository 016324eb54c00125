# A server's certificate that calls itself an authority is not trusted, even if its key may sign no certificate.

[werbot]
certificate = called-authority

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the server shows an authority's certificate as its own"

[requests]
requests = 0
