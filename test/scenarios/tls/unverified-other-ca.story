# With insecure_skip_verify a certificate of another authority is accepted, with a warning.

[arguments]
insecure_skip_verify=true

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
