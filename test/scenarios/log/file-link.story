# Refuses to write through a symbolic link in place of the log, as the predecessor did not (defect 33).

[files]
wpam.log link

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
pam
