# Keeps off standard error when the log cannot be written, as the predecessor did not (defect 34).

[files]
wpam.log directory

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
