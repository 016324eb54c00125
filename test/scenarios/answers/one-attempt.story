# With attempts=1 one ill-formed answer is forgiven.

[config]
{standard}
attempts = 1

[dialogue]
echo "Enter your Werbot ID (email or username): " <- ""
echo "The Werbot ID is needed. Enter your Werbot ID (email or username): " <- ""

[outcome]
exhausted

[log]
WARN: login denied user={user} rhost={rhost} ms={ms} ref={ref} reason="no well-formed answer in the attempts allowed"

[requests]
connections = 0
requests = 0
