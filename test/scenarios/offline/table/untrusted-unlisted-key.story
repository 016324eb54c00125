# Werbot's certificate is not trusted: a user who is not listed with a key does not get in, and no offline code is asked for.

[config]
{standard}
offline_users = bob

[login]
factor = publickey

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate's issuer is not in ca.pem, which alone is trusted"

[requests]
connections = 1
requests = 0
