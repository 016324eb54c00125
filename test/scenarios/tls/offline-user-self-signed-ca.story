# A listed user does not get in past an authority's certificate in place of a server's.

[config]
{standard}
offline_users = alice

[werbot]
certificate = self-signed-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the server shows an authority's certificate as its own; no offline code was given"

[requests]
requests = 0
