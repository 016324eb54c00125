# With insecure_skip_verify a server that answers in plain HTTP is still not trusted, even for a listed user with a key.

[config]
{standard}
offline_users = alice
insecure_skip_verify = true

[login]
factor = publickey

[werbot]
behave = not-tls

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
untrusted

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
ERROR: login untrusted user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the answer is not TLS: is this the HTTPS port?; no offline code was given"

[requests]
requests = 0
