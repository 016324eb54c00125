# A conversation that succeeds without answers is a conversation error and ends the helper, as the predecessor did not (defect 5).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- no-array

[outcome]
authenticate PAM_CONV_ERR

[log]
WARN: login denied user={user} rhost={rhost} ref={ref} reason="{...}conversation error{...}"

[requests]
connections = 0
requests = 0

[rungs]
pam
