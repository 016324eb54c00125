# With insecure_skip_verify an answer of 20 MB is refused.

[arguments]
insecure_skip_verify=true

[werbot]
behave = big 20000000

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="a body over 65536 bytes"

[requests]
connections = 1
handshakes = 1
requests = 1
