# A service key that the server sends back is blanked in the reason and in the debug log.

[config]
{standard}
debug = true

[werbot]
behave = json {"status":"failed","reason":"bad key {key}","{key}":["{key}"]}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
DEBUG: request user={user} ref={ref} body="{\"serviceID\":\"{id}\",\"serviceKey\":\"[REDACTED]\",\"user\":\"{user}\",\"tfaMethod\":\"totp\",\"totpCode\":\"[REDACTED]\",\"userIP\":\"{rhost}\",\"wID\":\"alice@example.com\"}"
DEBUG: answer user={user} ref={ref} status=200 body="{\"status\":\"failed\",\"reason\":\"bad key [REDACTED]\",\"[REDACTED]\":\"[REDACTED]\"}"
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="bad key [REDACTED]"

[requests]
connections = 1
handshakes = 1
requests = 1
