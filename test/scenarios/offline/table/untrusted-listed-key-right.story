# Werbot's certificate is not trusted: a listed user with a key gets in with an offline code.

[config]
{standard}
offline_users = alice

[login]
factor = publickey

[werbot]
certificate = other-ca

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
echo "Werbot is unreachable. Enter an offline code: " <- "{offline_code}"

[outcome]
allowed

[log]
WARN: offline code spent user={user} rhost={rhost} ref={ref} reason="codes left: 0"
WARN: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref} reason="offline with a code: the certificate's issuer is not in ca.pem, which alone is trusted"

[requests]
connections = 1
requests = 0
