# A listed user with a key does not get in past a server that answers with random bytes.

[config]
{standard}
offline_users = alice

[login]
factor = publickey

[werbot]
behave = garbage

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
