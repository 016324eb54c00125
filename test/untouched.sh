#!/usr/bin/env bash
# test/untouched.sh CMD...   runs CMD and exits with its status, or with 1 if the machine is not as it was before
#
# Compares what wpam is about (accounts, ssh, PAM, its own places) and the mounts, and looks for processes that CMD left.
# A namespace without a process and without a mount does not exist, so those two stand for the namespaces as well.
# Called by the Makefile around everything that logs in.
set -u

snapshot() {
  find /etc/ssh /etc/pam.d /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/security /etc/wpam /etc/systemd \
    /usr/lib/wpam /var/lib/wpam /var/log/wpam.log /run/sshd -printf '%p %y %m %u %g %l ' -exec cksum {} \; 2>/dev/null | sort
  sort /proc/self/mounts
}

# A variable in the environment marks all that descends from CMD, and nothing of this script.
mark=$$.$RANDOM.$RANDOM
left_behind() { grep -lsF "WPAM_RUN=$mark" /proc/[0-9]*/environ; }

before=$(snapshot)
env WPAM_RUN=$mark "$@"
status=$?
for _ in 1 2 3 4 5 6 7 8 9 10; do
  left=$(left_behind) || break
  sleep 0.1
done
if [ -n "$left" ]; then
  echo "Processes are left: $left" >&2
  status=1
fi
if ! changes=$(diff <(echo "$before") <(snapshot)); then
  printf 'The machine has changed:\n%s\n' "$changes" >&2
  status=1
fi
exit $status
