# A conversation that fails is a conversation error and ends the helper, as the predecessor did not (defect 2).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- fail

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="{...}conversation error{...}"

[requests]
requests = 0

[rungs]
pam
