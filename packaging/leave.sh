#!/bin/sh
# Before a package goes, and the module with it, it leaves every login: a PAM line without its module lets nobody in.
# Called by dpkg with "remove" and by rpm with 0; an upgrade is no reason to leave.
set -e

case $1 in
remove) pam-auth-update --package --remove wpam ;;
0) ;;
*) exit 0 ;;
esac

# Lines outside of our blocks are somebody's own.
lines=$(find -L /etc/pam.d -type f -exec awk 'FNR == 1 || /^# wpam: end/ { ours = 0 } /^# wpam: begin/ { ours = 1 }
	!ours && /^[^#]*pam_wpam\.so/ { print FILENAME ", line " FNR ": " $0 }' {} +)
if [ -n "$lines" ]; then
	echo "These lines would let nobody in without the module; take them out first:" >&2
	echo "$lines" >&2
	exit 1
fi
if [ -e /var/lib/wpam/installed.json ] || grep -qs "^# wpam: begin" /etc/pam.d/*; then
	wpam uninstall --yes --accept-risk=lose-ssh
fi
