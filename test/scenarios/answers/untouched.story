# A key that nobody touches is a refusal, never an outage: it ends with our own time-out.

[config]
{standard}
u2f_timeout = 5

[login]
within = 8 s

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="{...}"

[requests]
connections = 1
handshakes = 1
requests = 1
