# A login without a remote host sends 127.0.0.1 as userIP and logs no rhost, as the predecessor did not (defect 3).

[login]
rhost = none

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
