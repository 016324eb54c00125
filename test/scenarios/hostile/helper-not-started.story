# A helper that cannot be started lets nobody in.

[arguments]
helper=/usr

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="the helper ended before its verdict; the helper could not be started"

[requests]
connections = 0
requests = 0

[rungs]
pam
