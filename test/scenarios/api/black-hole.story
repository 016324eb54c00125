# A port that drops every packet is unreachable after the time-out.

[config]
{standard}
timeout = 1

[login]
waits = 1 s

[werbot]
behave = backlog

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no connection within 1 s"

[requests]
requests = 0
