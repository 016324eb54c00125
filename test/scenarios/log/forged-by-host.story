# A host name cannot forge a field.

[login]
rhost = "evil.example\" ms=0 reason=\"fine"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost="evil.example\" ms=0 reason=\"fine" method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
