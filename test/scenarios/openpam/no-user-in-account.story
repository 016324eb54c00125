# In the account phase a PAM that does not tell the user is refused, whoever passed before.

[environment]
FAKE_PAM_FAULT=pam_get_item:2

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
authenticate PAM_SUCCESS
account PAM_USER_UNKNOWN

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
requests = 1

[rungs]
openpam
