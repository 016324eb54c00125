# A request that gets no answer in time is no way in for a listed user with a key.

[config]
{standard}
offline_users = alice
timeout = 1

[login]
factor = publickey

[werbot]
behave = silence

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- ""

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="no answer within 1 s; no offline code was given"

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam
