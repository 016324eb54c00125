# With insecure_skip_verify a server that says nothing is given up after the time-out.

[config]
{standard}
insecure_skip_verify = true
timeout = 1

[login]
waits = 1 s

[werbot]
behave = silence

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- after 1 s "{code}"

[outcome]
undecided

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no answer within 1 s"

[requests]
connections = 1
handshakes = 1
requests = 1
