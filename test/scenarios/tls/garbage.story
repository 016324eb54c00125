# A server that answers with random bytes is not trusted, and no request is sent.

[werbot]
behave = garbage

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the answer is not TLS: is this the HTTPS port?"

[requests]
requests = 0
