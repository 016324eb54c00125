#!/usr/bin/env bash
# test/sandbox.sh CMD...    runs CMD as root on a throw-away copy of this machine, and exits with its status
# test/sandbox.sh --check   silent and 0 where that is possible, else one sentence and 3
#
# A copy: private mounts, processes, IPC and a network with nothing but loopback. Of the real machine only the checkout
# can be written. Inside are sshd, the users that tests need, and the scratch folder /run/wpam-test.
# It never installs wpam and starts no server: tests do. Called by the Makefile and by hand.
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
cwd=$PWD
export checkout cwd

# Runs as process 1 of the new namespaces.
inside() {
  set -eEu
  trap 'echo "test/sandbox.sh: set-up failed: $BASH_COMMAND" >&2; exit 125' ERR
  unset -f inside

  # An open descriptor reaches the checkout even when its path has been covered.
  exec {real}<"$checkout"
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -m 700 /run/.sandbox
  cd /run/.sandbox

  local dir user
  for dir in etc root tmp usr var; do
    mkdir -p "$dir/upper" "$dir/work"
    chmod --reference="/$dir" "$dir/upper"
    mount -t overlay -o "lowerdir=/$dir,upperdir=$dir/upper,workdir=$dir/work" overlay "/$dir"
  done
  mount -t tmpfs -o mode=755 tmpfs /home
  mount -t tmpfs -o mode=755 tmpfs /var/log

  # Devices of its own, so that a test can listen on /dev/log.
  mkdir -p dev/net dev/pts
  mkdir -m 1777 dev/shm
  cp -a /dev/{null,zero,full,random,urandom,tty} dev
  [ ! -e /dev/net/tun ] || cp -a /dev/net/tun dev/net
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ln -s fd/0 dev/stdin
  ln -s fd/1 dev/stdout
  ln -s fd/2 dev/stderr
  mount --bind dev /dev
  mount -t devpts -o newinstance,mode=620,gid=5,ptmxmode=666 devpts /dev/pts

  mkdir -p "$checkout"
  mount --no-canonicalize --rbind "/proc/self/fd/$real" "$checkout"
  exec {real}<&-
  mount -o remount,bind,ro /

  ip link set lo up
  printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >/etc/hosts

  # A machine may have a user or a wpam of the same name; the copy begins without.
  rm -rf /etc/wpam /usr/lib/wpam /var/lib/wpam
  sed -i -E '/^(wpam|alice|bob|carol):/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow
  grep -q ^sshd: /etc/passwd || useradd -r -M -d /run/sshd -s /usr/sbin/nologin sshd
  useradd -r -M -d /nonexistent -s /usr/sbin/nologin wpam
  for user in alice bob carol; do useradd -m -s /bin/sh "$user"; done
  printf '%s\n' alice:Passw0rd-alice bob:Passw0rd-bob carol:Passw0rd-carol | chpasswd -c SHA512
  ! grep -q ^staff: /etc/group || usermod -aG staff alice

  touch /run/utmp /var/log/wtmp /var/log/btmp /var/log/lastlog
  mkdir -m 755 /run/sshd /run/wpam-test
  ssh-keygen -q -t ed25519 -N '' -C test -f /run/wpam-test/host_key
  ssh-keygen -q -t ed25519 -N '' -C test -f /run/wpam-test/user_key
  install -d -m 700 -o alice -g alice /home/alice/.ssh
  install -m 600 -o alice -g alice /run/wpam-test/user_key.pub /home/alice/.ssh/authorized_keys
  # The unpacked sshd and its libraries become part of the copy, as if just installed; this machine's settings do not.
  if [ -d "$checkout/build/sshd" ]; then
    rm -rf /etc/ssh/sshd_config* /etc/ssh/ssh_host_* /etc/pam.d/sshd
    cp -a "$checkout"/build/sshd/{etc,usr} /
    cp /usr/share/openssh/sshd_config /etc/ssh/sshd_config
    cp /run/wpam-test/host_key /etc/ssh/ssh_host_ed25519_key
  fi

  export WPAM_SANDBOX=1 SSHD=/usr/sbin/sshd
  cd "$cwd"
  unset checkout cwd
  trap - ERR
  set +eEu
  "$@" # not exec: process 1 must reap what tests leave behind
  exit
}

check() {
  local why
  if [ "$(id -u)" != 0 ]; then
    echo "The sandbox needs root: run this again as root (sudo make test)."
  elif ! why=$("$0" true 2>&1); then
    echo "No sandbox here (${why%%$'\n'*}): use a machine, a virtual machine or a container started with --privileged."
  else
    return 0
  fi
  return 3
}

case ${1-} in
"")
  sed -n 2,3p "$0" >&2
  exit 2
  ;;
--check) check; exit ;;
esac

# In the background with a handler, because unshare itself sleeps through Ctrl-C and TERM; a background job of a script
# would else lose stdin and ignore Ctrl-C. If this shell is killed, the kernel takes unshare and all below it along.
export -f inside
# WPAM_SANDBOX_PID is unshare's, by which somebody outside can enter (nsenter --mount --net).
env --default-signal=INT,QUIT setpriv --pdeathsig KILL \
  bash -c 'WPAM_SANDBOX_PID=$$ exec "$@"' sandbox \
  unshare --mount --net --ipc --pid --fork --kill-child --mount-proc bash -c 'inside "$@"' sandbox "$@" <&0 &
child=$!
trap 'kill -KILL $child; exit 130' INT
trap 'kill -KILL $child; exit 143' TERM HUP
wait $child
