# The attempts are counted over the whole login; after the last the refusal is final.

[config]
{standard}
attempts = 2

[dialogue]
echo "Enter your Werbot ID (email or username): " <- ""
echo "The Werbot ID is needed. Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "1"
echo "A code is six digits. Enter your totp code (submit empty for U2F): " <- "2"

[outcome]
exhausted

[log]
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} ms={ms} ref={ref} reason="{...}"

[requests]
requests = 0

[rungs]
helper pam sshd
