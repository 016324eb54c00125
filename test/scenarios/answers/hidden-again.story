# A code that is typed unseen is asked again unseen.

[config]
{standard}
echo_code = false

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
hidden "Enter your totp code (submit empty for U2F): " <- "12345"
hidden "A code is six digits. Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
