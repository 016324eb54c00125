# An empty remote host is none.

[login]
rhost = ""

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com method=totp ms={ms} ref={ref}

[requests]
requests = 1
userIP = 127.0.0.1

[rungs]
pam
