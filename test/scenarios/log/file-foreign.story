# A log file that belongs to somebody else is not written.

[files]
wpam.log owner 65534

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
