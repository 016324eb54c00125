# A key login is refused when the configuration has a mistake, even with key_logins=leave.

[config]
{standard}
key_logins = leave
debgu = true

[login]
phases = account

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="wpam.conf line 5: unknown key \"debgu\": did you mean debug?"

[requests]
connections = 0
requests = 0
