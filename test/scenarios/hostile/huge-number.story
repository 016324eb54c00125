# Numbers beyond all measure do no harm.

[werbot]
behave = json {"status":"success","data":[1e999,-1e999,123456789012345678901234567890]}

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
