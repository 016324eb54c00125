# A NULL answer is a conversation error, and no helper is started.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- null

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="{...}conversation error{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
