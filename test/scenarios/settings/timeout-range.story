# A time-out out of its range is an error that names the range.

[config]
{standard}
timeout = 61

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: timeout must be a number of seconds from 1 to 60"

[requests]
connections = 0
requests = 0
