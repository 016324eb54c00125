# A service key that Werbot does not know is no verdict about the user, and the log says what to check, as the predecessor did not (defect 29).

[config]
server_url = {server}
service_id = {id}
service_key = not-the-right-key-at-all

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="{...}401{...}"

[requests]
connections = 1
handshakes = 1
requests = 1
