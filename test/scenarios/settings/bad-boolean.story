# Refuses a boolean that is neither true nor false, as the predecessor did not (defect 26).

[config]
{standard}
insecure_skip_verify = yes

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: insecure_skip_verify must be true, false, 1 or 0"

[requests]
connections = 0
requests = 0
