# A ca.pem without a certificate is an error and not the system's store.

[files]
ca.pem text "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"

[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="ca.pem: no certificate in it: put one there or remove the file"

[requests]
connections = 0
requests = 0
