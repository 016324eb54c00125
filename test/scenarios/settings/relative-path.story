# A path on the PAM line that is not absolute is an error, and nobody guesses from where it leads.

[arguments]
log_file=wpam.log

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ref={ref} reason="PAM argument log_file=wpam.log is not an absolute path"

[requests]
connections = 0

[rungs]
pam
