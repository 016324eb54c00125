# A user whom sshd bars does not get in by being listed.

[config]
server_url = {closed}
service_id = {id}
service_key = {key}
offline_users = alice
offline_factor = none

[dialogue]
echo "Enter your Werbot ID (email or username): " <- bytes "080a0d7f494e434f"
echo "Enter your totp code (submit empty for U2F): " <- bytes "080a0d7f494e"

[outcome]
denied

[log]
WARN: login denied user={user} rhost={rhost} ms={ms} ref={ref} reason="sshd does not let this user log in"

[requests]
connections = 0
requests = 0
