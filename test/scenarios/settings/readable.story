# A configuration that others can read is believed, with a warning in every login, as the predecessor did not (defect 30).

[files]
wpam.conf mode 0644

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
WARN: configuration exposed user={user} rhost={rhost} ref={ref} reason="{...}"
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
pam
