# All mistakes are told at once, a line each.

[config]
{standard}
time_out = 5
debug

[arguments]
attempts=11

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: configuration user={user} ref={ref} reason="wpam.conf line 5: no \"=\" in it: write debug = value"
ERROR: configuration user={user} ref={ref} reason="PAM argument 4: attempts must be a number from 1 to 10"
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 4: unknown key \"time_out\": did you mean timeout?"

[requests]
connections = 0
requests = 0
