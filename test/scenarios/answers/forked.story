# Gets through an sshd that forks between loading the module and calling it, as the predecessor did not (defect 1).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[rungs]
sshd
