# An unknown key stops the login and names its place and the nearest known key.

[config]
{standard}
time_out = 5

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: unknown key \"time_out\": did you mean timeout?"

[requests]
connections = 0
requests = 0

[rungs]
helper pam sshd
