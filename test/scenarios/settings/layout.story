# Comments, empty lines, blanks and the line ends of another system do not matter.

[files]
wpam.conf text "# the laboratory\r\n\r\n  server_url={server}\r\n\tservice_id\t=  {id}  \r\nservice_key = {key}\r\n# echo_code = perhaps"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
