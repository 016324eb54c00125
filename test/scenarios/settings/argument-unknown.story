# An unknown PAM argument is an error that names its place on the line; the module's own three stand before it.

[arguments]
debug=false
timout=5

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="PAM argument 5: unknown key \"timout\": did you mean timeout?"

[requests]
connections = 0
requests = 0
