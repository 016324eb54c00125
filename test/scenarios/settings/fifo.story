# A pipe in place of the configuration is an error, and nobody waits for what comes out of it.

[files]
wpam.conf fifo

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
