# A barred user who submits an empty code is refused without a request too.

[login]
user = nobody-here

[dialogue]
echo "Enter your Werbot ID (email or username): " <- bytes "080a0d"
echo "Enter your totp code (submit empty for U2F): " <- ""

[outcome]
denied

[log]
WARN: login denied user={user} rhost={rhost} ms={ms} ref={ref} reason="sshd does not let this user log in"

[requests]
connections = 0
requests = 0
