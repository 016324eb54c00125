# A server's reason cannot steer the terminal of who reads the log.

[werbot]
behave = json {"status":"failed","reason":"\u001b]0;owned\u0007\u009b2J \"quoted\" back\\slash"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="\u{1b}]0;owned\u{7}\u{9b}2J \"quoted\" back\\slash"

[requests]
connections = 1
handshakes = 1
requests = 1
