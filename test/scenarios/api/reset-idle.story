# A connection that is reset while the user types is opened anew, and the code is sent once.

[werbot]
behave = reset-idle 100

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- after 1 s "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 2
handshakes = 2
requests = 1
