# Refuses a key without a value, as the predecessor did not (defect 26).

[arguments]
debug

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="PAM argument 4: no \"=\" in it: write debug = value"

[requests]
connections = 0
requests = 0
