# A log file that is a pipe blocks nobody.

[files]
wpam.log fifo

[login]
within = 5 s

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
