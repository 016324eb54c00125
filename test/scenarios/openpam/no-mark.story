# Where PAM has lost what authenticate left, the account phase asks Werbot itself.

[environment]
FAKE_PAM_FAULT=pam_get_data

[werbot]
user alice@example.com alias=alice key=reject

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
authenticate PAM_SUCCESS
account PAM_PERM_DENIED

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={...}
WARN: login denied user={user} rhost={rhost} method=U2F ms={ms} ref={...} reason="{...}"

[requests]
requests = 2

[rungs]
openpam
