# What sshd puts in place of a barred user's answers leads through the same prompts to a refusal without a request, as the predecessor did not (defect 13).

[login]
user = nobody-here

[dialogue]
echo "Enter your Werbot ID (email or username): " <- bytes "080a0d7f494e434f5252454354080a0d7f"
echo "Enter your totp code (submit empty for U2F): " <- bytes "080a0d7f494e"

[outcome]
denied

[log]
WARN: login denied user={user} rhost={rhost} ms={ms} ref={ref} reason="sshd does not let this user log in"

[requests]
connections = 0
requests = 0
