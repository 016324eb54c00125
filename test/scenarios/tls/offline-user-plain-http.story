# A listed user does not get in past a server that answers in plain HTTP.

[config]
{standard}
offline_users = alice

[werbot]
behave = not-tls

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the answer is not TLS: is this the HTTPS port?; no offline code was given"

[requests]
requests = 0
