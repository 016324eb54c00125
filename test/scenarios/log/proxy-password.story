# A proxy's password that somebody sends back is blanked.

[config]
{standard}
debug = true
http_proxy = http://werbot:proxy-s3cret@{proxy}

[werbot]
behave = json {"status":"failed","reason":"who is proxy-s3cret?"}

[proxy]
credentials = werbot:proxy-s3cret

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
DEBUG: request user={user} ref={ref} body="{\"serviceID\":\"{id}\",\"serviceKey\":\"[REDACTED]\",\"user\":\"{user}\",\"tfaMethod\":\"totp\",\"totpCode\":\"[REDACTED]\",\"userIP\":\"{rhost}\",\"wID\":\"alice@example.com\"}"
DEBUG: answer user={user} ref={ref} status=200 body="{\"status\":\"failed\",\"reason\":\"who is [REDACTED]?\"}"
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="who is [REDACTED]?"

[requests]
connections = 1
handshakes = 1
requests = 1
