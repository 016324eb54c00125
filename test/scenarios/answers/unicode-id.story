# An ID beyond ASCII is sent as it was typed and logged in ASCII.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "jürgen🔑"
echo "Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id="j\u{fc}rgen\u{1f511}" rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
wID = jürgen🔑

[rungs]
helper pam sshd
