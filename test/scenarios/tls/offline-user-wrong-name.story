# Refuses a listed user behind a certificate for another host, as the predecessor did not (defect 16).

[config]
{standard}
offline_users = alice

[werbot]
certificate = wrong-name

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the certificate is not for 127.0.0.1 but for wrong.example; no offline code was given"

[requests]
requests = 0
