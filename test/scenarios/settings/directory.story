# A directory in place of the configuration is an error.

[files]
wpam.conf directory

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
