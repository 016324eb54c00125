# An answer that begins with a byte order mark is no JSON.

[werbot]
behave = raw HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n\xef\xbb\xbf{"status":"success"}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
undecided

[log]
ERROR: login undecided user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="the answer is not JSON"

[requests]
connections = 1
handshakes = 1
requests = 1
