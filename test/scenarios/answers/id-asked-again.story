# An ill-formed ID is asked again, with the reason in the prompt, and nothing is connected before it is good.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- ""
echo "The Werbot ID is needed. Enter your Werbot ID (email or username): " <- "a\u0007b"
echo "The Werbot ID has a control character in it. Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
