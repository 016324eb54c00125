# A key that stands twice in the file is an error that names both places.

[config]
{standard}
timeout = 5
timeout = 6

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 5: timeout is already set in wpam.conf line 4"

[requests]
connections = 0
requests = 0
