# With insecure_skip_verify any certificate will do, with a warning in every login.

[arguments]
insecure_skip_verify=true

[werbot]
certificate = expired

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: certificate not checked user={user} ref={ref} reason="{...}"
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
