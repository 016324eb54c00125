#!/usr/bin/env bash
# test/machine.sh FOLDER INIT WPAM [TREE]   makes a machine for test/machine.ts below the empty FOLDER, and is its process 1
#
# A machine is this sandbox with an /etc, /var, /home, /run and PAM modules of its own, and the checkout as /mnt, or a
# copy of TREE, the root of an installed system; with an sshd that nobody has started, users to log in, and wpam as `make install` leaves it, if
# WPAM is installed; a TREE can be without.
# INIT is none, or systemd: then programs stand in for systemctl and systemd-run and write down their calls.
# It says "ready" when all is there. Started by test/machine.ts in namespaces of its own, inside test/sandbox.sh.
set -eEu
trap 'echo "test/machine.sh: failed: $BASH_COMMAND" >&2' ERR
folder=$1 init=$2 wpam=$3 tree=${4-}
home=$(echo /usr/lib/wpam/*)

mount -t tmpfs -o mode=755 tmpfs "$folder"
root=$folder/root
mkdir "$root"
if [ -n "$tree" ]; then
  mkdir "$folder/upper" "$folder/work"
  mount -t overlay -o "lowerdir=$tree,upperdir=$folder/upper,workdir=$folder/work" overlay "$root"
  mount --rbind /dev "$root/dev"
  if [ "$wpam" = installed ]; then
    mkdir -p "$root$home"
    mount --bind "$home" "$root$home"
    ln -s "../lib/wpam/${home##*/}/wpam" "$root/usr/bin/wpam"
  fi
else
  mount --rbind / "$root"
  cp -ax /etc /home "$folder"
  mkdir "$folder/rootshome" "$folder/var"
  mkdir -p "$folder"/var/{log,lib/dpkg,tmp,spool}
  ln -s /run "$folder/var/run"
  for place in etc home var; do mount --bind "$folder/$place" "$root/$place"; done
  mount --bind "$folder/rootshome" "$root/root"
  modules=$(dirname "$(ls -d /usr/lib/*/security/pam_permit.so /usr/lib{,64}/security/pam_permit.so 2>/dev/null | head -n 1)")
  cp -a "$modules" "$folder/modules"
  rm -f "$folder/modules/pam_wpam.so"
  mount --bind "$folder/modules" "$root$modules"
  # Where it lies it may be covered by one of these.
  mount --rbind "$(dirname "$0")/.." "$root/mnt"
fi
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -m 755 "$root/run/sshd" "$root/run/test"
rm -rf "$root"/etc/wpam "$root"/var/lib/wpam "$root"/etc/ssh/sshd_config.d/00-wpam.conf
sed -i '/^wpam:/d' "$root"/etc/{passwd,shadow,group,gshadow}
for user in alice bob; do
  grep -q "^$user:" "$root/etc/passwd" || chroot "$root" useradd -m -s /bin/sh "$user"
done
printf '%s\n' root:Passw0rd-root alice:Passw0rd-alice bob:Passw0rd-bob | chroot "$root" chpasswd -c SHA512
install -d -m 700 -o "$(chroot "$root" id -u alice)" "$root/home/alice/.ssh"
install -m 600 -o "$(chroot "$root" id -u alice)" /run/wpam-test/user_key.pub "$root/home/alice/.ssh/authorized_keys"
install -m 600 /run/wpam-test/user_key "$root/run/test/user_key"
install -m 600 /run/wpam-test/host_key "$root/etc/ssh/ssh_host_ed25519_key"
touch "$root/run/utmp" "$root"/var/log/{wtmp,btmp,lastlog}
# An administrator who logs in as root, by password too.
mkdir -p "$root/etc/ssh/sshd_config.d"
echo 'PermitRootLogin yes' >"$root/etc/ssh/sshd_config.d/50-root.conf"

# stand_in NAME: what comes on standard input takes the place of a program.
stand_in() {
  [ -e "$root/usr/bin/$1" ] || : >"$root/usr/bin/$1"
  cat >"$root/run/test/$1"
  chmod 755 "$root/run/test/$1"
  mount --bind "$root/run/test/$1" "$root/usr/bin/$1"
}
if [ "$init" = systemd ]; then
  mkdir -p "$root/run/systemd/system"
  stand_in systemctl <<'EOF'
#!/bin/sh
echo "systemctl $*" >>/run/test/calls
case $* in
show\ *)
  for unit; do
    case $unit in
    ssh.service) printf 'Id=%s\nLoadState=loaded\nActiveState=active\nCanReload=yes\n\n' "$unit" ;;
    *.service | *.socket) printf 'Id=%s\nLoadState=not-found\nActiveState=inactive\n\n' "$unit" ;;
    esac
  done ;;
"reload ssh.service")
  [ ! -e /run/test/slow ] || sleep 5
  kill -HUP "$(cat /run/sshd.pid)"
  ;;
"stop wpam-rollback-"*) pid=$(cat "/run/test/${2%.timer}") && kill -- "-$pid" ;;
*) echo "systemctl: no stand-in for $*" >&2; exit 1 ;;
esac
EOF
  stand_in systemd-run <<'EOF'
#!/bin/sh
echo "systemd-run $*" >>/run/test/calls
for word; do
  case $word in
  --unit=*) unit=${word#*=} ;;
  --on-active=*s) seconds=${word#*=} seconds=${seconds%s} ;;
  -*) ;;
  *) break ;;
  esac
  shift
done
setsid sh -c 'sleep "$0"; exec env -i PATH=/usr/sbin:/usr/bin "$@"' "$seconds" "$@" </dev/null >/dev/null 2>&1 &
echo $! >"/run/test/$unit"
EOF
fi

exec chroot "$root" bash -c 'echo ready; exec </dev/null >/dev/null 2>&1; while :; do sleep 1000 & wait $!; done'
