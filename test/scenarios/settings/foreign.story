# A configuration that belongs to somebody else is not believed.

[files]
wpam.conf owner 65534

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}belongs to uid 65534{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
