# A configuration in a folder that others can write is not believed.

[files]
folder mode 0777

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}can be written by others{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
