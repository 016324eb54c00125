# Werbot's certificate is not trusted: a listed user does not get in without an offline code.

[config]
{standard}
offline_users = alice

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate's issuer is not in ca.pem, which alone is trusted; no offline code was given"

[requests]
connections = 1
requests = 0
