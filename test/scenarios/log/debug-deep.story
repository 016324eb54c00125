# Blanks the secrets of an answer at any depth, as the predecessor did not (defect 32).

[config]
{standard}
debug = true

[werbot]
behave = json {"status":"failed","reason":"no","data":{"list":[{"accessToken":"tok-123","n":1}],"session":{"Password":{"deep":["hunter22"]}}},"apiKey":null}

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
denied

[log]
DEBUG: request user={user} ref={ref} body="{\"serviceID\":\"{id}\",\"serviceKey\":\"[REDACTED]\",\"user\":\"{user}\",\"tfaMethod\":\"totp\",\"totpCode\":\"[REDACTED]\",\"userIP\":\"{rhost}\",\"wID\":\"alice@example.com\"}"
DEBUG: answer user={user} ref={ref} status=200 body="{\"status\":\"failed\",\"reason\":\"no\",\"data\":{\"list\":[{\"accessToken\":\"[REDACTED]\",\"n\":1}],\"session\":{\"Password\":\"[REDACTED]\"}},\"apiKey\":\"[REDACTED]\"}"
WARN: login denied user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason=no

[requests]
connections = 1
handshakes = 1
requests = 1

[rungs]
helper pam sshd
