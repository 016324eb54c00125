# A configuration that is named and not there is an error.

[files]
wpam.conf absent

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="{...}no such file{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
