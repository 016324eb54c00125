# A U2F login without a connection is unreachable.

[werbot]
behave = accept-reset

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
unreachable

[log]
ERROR: login unreachable user={user} werbot_id=alice@example.com rhost={rhost} method=U2F ms={ms} ref={ref} reason="{server}: the connection was reset"

[requests]
requests = 0
