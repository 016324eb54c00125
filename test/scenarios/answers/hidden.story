# With echo_code=false the code is typed unseen, as the predecessor did not (defect 15).

[arguments]
echo_code=false

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
hidden "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
