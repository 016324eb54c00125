# With insecure_skip_verify a key login is checked with a warning.

[config]
{standard}
insecure_skip_verify = true

[login]
phases = account

[werbot]
user alice@example.com alias=alice key=approve
certificate = self-signed

[dialogue]

[outcome]
allowed

[log]
WARN: certificate not checked user={user} ref={ref} reason="insecure_skip_verify is set: whoever is between this host and Werbot can log in"
INFO: login allowed user={user} rhost={rhost} method=U2F ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
