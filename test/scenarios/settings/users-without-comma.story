# Users that are separated by blanks are an error and not one strange user.

[config]
{standard}
offline_users = alice bob

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: offline_users must be unix users, separated by commas"

[requests]
connections = 0
requests = 0
