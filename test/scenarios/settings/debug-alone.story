# Refuses a key without a value, as the predecessor did not (defect 26).

[arguments]
debug

[dialogue]

[outcome]
misconfigured

[log]
ERROR: login misconfigured user={user} rhost={rhost} ms={ms} ref={ref} reason="PAM argument 4: no \"=\" in it: write debug = value"

[requests]
connections = 0
requests = 0
