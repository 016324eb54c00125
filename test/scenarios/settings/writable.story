# A configuration that others can write is not believed.

[files]
wpam.conf mode 0602

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
