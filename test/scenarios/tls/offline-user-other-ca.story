# Refuses a listed user behind a certificate of another authority, as the predecessor did not (defect 16).

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
requests = 0

[rungs]
helper pam sshd
