# Werbot's certificate is not trusted: a listed user does not get in with offline codes that nobody has.

[config]
{standard}
offline_users = alice

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{unknown_code}"
echo "That code is not valid. Werbot is unreachable. Enter an offline code: " <- "{others_code}"
echo "That code is not valid. Werbot is unreachable. Enter an offline code: " <- "{mistyped_code}"

[outcome]
untrusted

[log]
WARN: offline code refused user={user} rhost={rhost} ref={ref} reason="no such code: a wrong one, or spent before"
WARN: offline code refused user={user} rhost={rhost} ref={ref} reason="no such code: a wrong one, or spent before"
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate's issuer is not in ca.pem, which alone is trusted; the offline codes were refused"

[requests]
connections = 1
requests = 0
