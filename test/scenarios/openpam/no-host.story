# Where PAM cannot tell the remote host, the login is one from this machine, and nothing is made up.

[environment]
FAKE_PAM_FAULT=pam_get_item:4

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com method=totp ms={ms} ref={ref}

[requests]
requests = 1
userIP = 127.0.0.1

[rungs]
openpam
