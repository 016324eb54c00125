# The configuration has a mistake: a user who is not listed does not get in, and no offline code is asked for.

[config]
{standard}
timeout = 0
offline_users = bob

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: timeout must be a number of seconds from 1 to 60"

[requests]
connections = 0
requests = 0
