# With debug the log holds request and answer, without their secrets.

[arguments]
debug=true

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
DEBUG: request user={user} ref={ref} body="{...}"
DEBUG: answer user={user} ref={ref} status=200 body="{...}"
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
