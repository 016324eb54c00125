# Lets a user in as the only module of the PAM file, setcred included, as the predecessor did not (defect 4).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[rungs]
sshd
