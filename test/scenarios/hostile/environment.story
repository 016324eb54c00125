# Variables of the environment do not reach the helper.

[environment]
DENO_TLS_CA_STORE=mozilla
DENO_V8_FLAGS=--nonsense
NODE_OPTIONS=--require=/nonexistent
SSLKEYLOGFILE=/nonexistent/keys
DENO_CERT=/nonexistent

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

[rungs]
pam
