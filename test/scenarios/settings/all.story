# Every key can be set at once.

[config]
{standard}
offline_users = bob, carol
offline_factor = required
key_logins = leave
debug = 0
insecure_skip_verify = false
timeout = 60
u2f_timeout = 110
attempts = 10
echo_code = 1
http_proxy =

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
