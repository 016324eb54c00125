# Leaves a 308 to plain HTTP alone, as the predecessor did not (defect 20).

[werbot]
behave = redirect 308 http://{server}/auth/agent/nix

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="HTTP 308"

[requests]
connections = 1
handshakes = 1
requests = 1
