# A client that goes away at the prompt for the code ends the helper, and nothing is sent or logged.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- leave

[outcome]
left

[requests]
requests = 0
