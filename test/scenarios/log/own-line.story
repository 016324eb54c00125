# A line of the module's own cannot be forged by a user name either.

[files]
wpam.conf directory

[login]
user = "al\nice \"x\" \\ é"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user="al\x0aice \"x\" \\ \xc3\xa9" rhost={rhost} ref={ref} reason="{...}"

[rungs]
pam
