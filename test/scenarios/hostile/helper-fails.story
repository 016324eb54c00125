# A helper that fails without a verdict lets nobody in.

[arguments]
helper=/bin/false

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="the helper ended before its verdict; the helper ended with exit status {...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
