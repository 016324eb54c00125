# A NULL answer to the second prompt drops the connection that was opened for it, as the predecessor did not (defect 5).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- null

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="{...}conversation error{...}"

[requests]
requests = 0

[rungs]
pam
