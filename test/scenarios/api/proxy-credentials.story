# A proxy that wants a password gets it.

[config]
{standard}
http_proxy = http://werbot:s3cr%40t%3A%25@{proxy}

[proxy]
credentials = werbot:s3cr@t:%

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
proxied = 1
tunnels = 1

[rungs]
helper pam sshd
