# A boolean named like a property of every object is a bad value.

[config]
{standard}
insecure_skip_verify = constructor

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="{...}"

[requests]
requests = 0
