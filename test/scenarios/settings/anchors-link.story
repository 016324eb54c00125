# Trust anchors behind a symbolic link are not followed.

[files]
ca.pem link

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}is a symbolic link{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
