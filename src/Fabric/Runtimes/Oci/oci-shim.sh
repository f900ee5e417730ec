# Runs one OCI bundle to its end and writes down how it ended. Outlives the process that started it: that is the point of it.
#
# Two shells: the outer one lives in the machine's own namespaces, records its identity (pid and start time) and the exit; the inner one makes the private mount and
# network namespaces, so that mounts, the veth pair and the addresses vanish with the last process and nothing has to be cleaned up, whatever was killed.
#
# In the environment: S_DIR folder of the run, S_TOOL runc or crun, S_TOOL_ROOT its state, S_ID, S_KEEP (--keep or empty), S_OOM file with the oom_kill counter,
# S_UID owner of what is written, S_DISK size of the writable layer in bytes or empty, S_LOWER folder that is the root below the writable layer or empty, S_BRIDGE or empty, S_HOST_NET 1 to stay in the network of the machine, S_VETH, S_ADDRESS with prefix, S_GATEWAY,
# S_LOG file for the output or empty to pass it on, S_LOG_WRITER what keeps that file bounded, S_HYBRID 1 to hide the cgroup v2 mount that crun refuses beside v1.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$S_DIR" || exit 125
writer=
if [ -n "$S_LOG" ] && [ "$1" != inner ]; then
  rm -f out && mkfifo out || exit 125
  setsid sh "$S_LOG_WRITER" <out >/dev/null 2>&1 &
  writer=$!
  exec </dev/null >out
fi
exec 2>&1

fail() { echo "$1" >"$S_DIR/start-error"; exit 125; }

join_network() {
  printf '%s\n' "link add $S_VETH type veth peer name eth0 netns $$" "link set $S_VETH addrgenmode none master $S_BRIDGE" \
    "link set $S_VETH type bridge_slave isolated on" "link set $S_VETH up" |
    nsenter --net=/proc/$PPID/ns/net ip -batch - 2>ip.err || fail "the network could not be set up: $(tail -n 1 ip.err)"
  printf '%s\n' "link set lo up" "link set eth0 addrgenmode none" "addr add $S_ADDRESS dev eth0" "link set eth0 up" "route add default via $S_GATEWAY" |
    ip -batch - 2>ip.err || fail "the network could not be set up: $(tail -n 1 ip.err)"
}

make_disk() {
  mkdir -p disk
  rm -f disk.img
  truncate -s "$S_DISK" disk.img && mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=1,nodiscard -m 0 disk.img 2>disk.err &&
    mount -o loop,nosuid,nodev disk.img disk 2>>disk.err || mount -t tmpfs -o "nosuid,nodev,size=$S_DISK" tmpfs disk 2>>disk.err ||
    fail "the writable layer could not be made: $(tail -n 1 disk.err)"
  mkdir -p disk/upper disk/work && chown "$S_UID:$S_UID" disk/upper
}

# Never through a link: it could lead out of the image.
own() {
  if [ -L "root/$1" ]; then return; fi
  mkdir -p "root/$1" && chown "$3:$3" "root/$1" && chmod "$2" "root/$1"
}

make_root() {
  mkdir -p root
  mount -t overlay -o "lowerdir=$S_LOWER,upperdir=$S_DIR/disk/upper,workdir=$S_DIR/disk/work,nosuid,nodev" overlay root 2>root.err ||
    fail "the root file system could not be made: $(tail -n 1 root.err)"
  # The tools give a mount the mode of the folder below it, and an image's own folders need not be for every user.
  own tmp 1777 0
  if [ ! -L root/var ]; then own var/tmp 1777 0; fi
  own run 755 "$S_UID"
  # Images listen on ports such as 80, and no run has the capability for that.
  echo 0 2>/dev/null >/proc/sys/net/ipv4/ip_unprivileged_port_start
}

if [ "$1" = inner ]; then
  if [ -n "$S_BRIDGE" ]; then join_network; elif [ -z "$S_HOST_NET" ]; then ip link set lo up; fi
  if [ -n "$S_DISK" ]; then make_disk; fi
  if [ -n "$S_LOWER" ]; then make_root; fi
  if [ "$S_HYBRID" = 1 ]; then umount /sys/fs/cgroup/unified 2>/dev/null; fi
  exec "$S_TOOL" --root "$S_TOOL_ROOT" --log "$S_DIR/tool.log" run $S_KEEP --bundle "$S_DIR" "$S_ID"
fi

read -r stat </proc/$$/stat
set -- ${stat##*) }
echo "$$ ${20}" >pid.new && mv pid.new pid

# A handler, not "ignore": the ignored state would be inherited by the program.
trap : TERM INT HUP
if [ -n "$S_HOST_NET" ]; then spaces=--mount; else spaces="--mount --net"; fi
unshare $spaces --propagation private sh "$S_SHIM" inner
code=$?

oom=0
if [ -r "$S_OOM" ]; then
  while read -r key value; do if [ "$key" = oom_kill ]; then oom=$value; fi; done <"$S_OOM"
fi
if [ -z "$S_KEEP" ] && [ "$code" = 137 ]; then oom=1; fi
exec >/dev/null 2>&1
# What it said last is written before its end is reported: the report quotes it.
tries=0
while [ -n "$writer" ] && kill -0 "$writer" && [ $tries -lt 40 ]; do sleep 0.05; tries=$((tries + 1)); done
echo "$code $oom" >exit.new && mv exit.new exit
if [ -n "$S_KEEP" ]; then "$S_TOOL" --root "$S_TOOL_ROOT" delete --force "$S_ID"; fi
rm -f disk.img out
exit "$code"
