# What follows a NUL in an answer is not part of it.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- bytes "616c69636500726f6f74"
echo "Enter your totp code (submit empty for U2F): " <- "123456"

[outcome]
denied

[log]
WARN: login denied user={user} werbot_id=alice rhost={rhost} method=totp ms={ms} ref={ref} reason="user not found"

[requests]
connections = 1
handshakes = 1
requests = 1
wID = alice

[rungs]
pam
