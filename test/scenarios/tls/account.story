# A bad certificate refuses a key login that is checked with Werbot, listed user or not.

[config]
{standard}
offline_users = alice

[login]
phases = account

[werbot]
certificate = other-ca

[dialogue]

[outcome]
untrusted

[log]
ERROR: login untrusted user={user} rhost={rhost} method=U2F ms={ms} ref={ref} reason="the certificate's issuer is not in ca.pem, which alone is trusted"

[requests]
requests = 0
