#!/bin/sh
# Profile full: merges the image's root with the workspace's volume, and goes
# on with entrypoint.sh in the result.
#
# The lower layer of an overlay is the image. The upper one is on the volume, in
# root/$BERTH_ROOT, so what is changed in the system (packages, /etc,
# /usr/local) stays; BERTH_ROOT is GENERATION-IMAGE, since the changes of one
# image do not fit another. The home and what containers are stored in are plain
# directories of the volume: no overlay can be the upper layer of another.
#
# It needs a user namespace (hostUsers: false) and one of two forms, told apart
# by what the process may do:
#
#   pod     with CAP_SYS_ADMIN in the pod's user namespace; the lower layer is /
#   nested  without; the lower layer is the image, mounted as a volume, and
#           CAP_SYS_ADMIN comes from a second user namespace made here
set -eu
umask 022

volume=/berth/volume
image=/berth/image
merged=/run/berth-root
boot=${BERTH_ETC:-/etc/berth}/boot
user=${BERTH_USER:-dev}
name=${BERTH_NAME:-NAME}
root=${BERTH_ROOT:?}

die() {
	printf 'berth: %s\n' "$*" >&2
	printf 'berth: %s\n' "$*" 2>/dev/null >"${BERTH_TERMINATION_LOG:-/dev/termination-log}" || true
	exit 1
}

need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || die "this image has no $tool, which profile full needs: add package util-linux to the image, or use profile standard"
	done
}

have_sys_admin() {
	while read -r field value; do
		[ "$field" != CapEff: ] || caps=$value
	done </proc/self/status
	[ $((0x$caps >> 21 & 1)) = 1 ]
}

# in_user_namespace refuses to be the node's own root.
in_user_namespace() {
	read -r _ outside _ </proc/self/uid_map
	[ "$outside" != 0 ] || die "the node gave this pod no user namespace (hostUsers: false): it needs Kubernetes 1.33, containerd 2.0 or CRI-O 1.25; use profile standard here"
}

# nest makes the second user namespace, with every number of the first one
# unchanged, and waits for what runs in it.
nest() {
	[ -d "$image/usr" ] || die "the image is not mounted at $image: the cluster does not support image volumes (Kubernetes 1.35, containerd 2.1); use profile standard here"
	need unshare nsenter
	go=/tmp/berth-go
	rm -f "$go"
	mkfifo "$go"
	# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
	unshare --user --mount --pid --fork --kill-child sh -c \
		'read -r _ <"$1"; BERTH_NESTED=1 exec /bin/sh "$2"' berth "$go" "$0" &
	inner=$!
	while [ "$(readlink "/proc/$inner/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do
		sleep 0.02
	done
	[ -e "/proc/$inner/ns/user" ] || die "no nested user namespace may be made here (seccomp or AppArmor profile): use profile standard, or a namespace that admits privileged pods"
	echo "0 0 65536" >"/proc/$inner/uid_map"
	echo "0 0 65536" >"/proc/$inner/gid_map"
	echo >"$go" # the child exists once this returns
	rm "$go"
	mkdir -p /run
	read -r first _ <"/proc/$inner/task/$inner/children" || : # the kernel ends no line
	echo "$first" >/run/berth.pid # for enter.sh
	trap 'kill -TERM "$first" 2>/dev/null || :' TERM INT
	code=0
	wait "$inner" || code=$?
	while [ -d "/proc/$inner" ]; do # a trap ended the first wait
		code=0
		wait "$inner" || code=$?
	done
	exit "$code"
}

# keep NAME PATH MODE puts directory NAME of the volume at PATH of the merged
# root, filled from the image the first time.
keep() {
	if [ ! -d "$volume/$1" ]; then
		rm -rf "$volume/$1.new"
		mkdir -m "$3" "$volume/$1.new"
		[ ! -d "$merged$2" ] || cp -a "$merged$2/." "$volume/$1.new/"
		mv "$volume/$1.new" "$volume/$1"
	fi
	mkdir -p "$merged$2"
	mount --bind "$volume/$1" "$merged$2"
}

# lock lets one container write to the volume. The lock is held for as long as
# any process of the workspace runs.
lock() {
	mkdir -p "$volume/root" || die "the volume cannot be written: is it full, or mounted read-only?"
	exec 9>"$volume/root/lock"
	flock -n 9 || die "another container is using this volume: stop the other pod that mounts this home"
}

# overlay mounts the merged root.
overlay() {
	lower=/
	[ -z "${BERTH_NESTED:-}" ] || lower=$image
	upper=$volume/root/$root
	mkdir -p "$upper/upper" "$upper/work" "$merged" || die "the volume cannot be written: is it full, or mounted read-only?"
	# userxattr: there are no trusted attributes in a user namespace.
	if ! why=$(mount -t overlay workspace -o "userxattr,lowerdir=$lower,upperdir=$upper/upper,workdir=$upper/work" "$merged" 2>&1); then
		die "the root cannot be put on this volume ($why): its file system must be one like ext4 or xfs, and the kernel 5.11 or later; use another storage class, or profile standard"
	fi
	notice_new_image "$lower" "$upper"
}

# notice_new_image remembers what the image was when its layer was begun. The
# same name may stand for another image today, over which the old layer's files
# are older than they look.
notice_new_image() {
	now=$(cat "$1/etc/os-release" "$1/var/lib/dpkg/status" "$1/lib/apk/db/installed" 2>/dev/null | cksum)
	was=$(cat "$2/image" 2>/dev/null || true)
	[ -n "$was" ] || printf '%s\n' "$now" >"$2/image" || true
	changed=
	[ -z "$was" ] || [ "$was" = "$now" ] || changed=yes
}

# system gives the merged root what the runtime and the kubelet have mounted.
system() {
	# A fresh /proc where the kernel allows one.
	mount -t proc -o nosuid,nodev,noexec proc "$merged/proc" 2>/dev/null ||
		{ [ -z "${BERTH_NESTED:-}" ] && mount --rbind /proc "$merged/proc"; } ||
		die "the pod's /proc is masked: the cluster does not honour procMount: Unmasked; use profile standard here"
	for dir in sys dev; do mount --rbind "/$dir" "$merged/$dir"; done
	while read -r _ _ _ _ point _; do
		case $point in
		/ | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | "$merged" | "$merged"/* | "$volume" | "$volume"/* | "$image" | "$image"/*) continue ;;
		esac
		printf '%s\n' "$point"
	done </proc/self/mountinfo | while read -r point; do
		if [ -d "$point" ]; then
			mkdir -p "$merged$point"
		elif [ ! -e "$merged$point" ]; then
			: >"$merged$point"
		fi
		mount --rbind "$point" "$merged$point"
	done
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$merged/run"
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$merged/tmp"
}

# kept puts the volume's plain directories into the merged root.
kept() {
	keep home "/home/$user" 755
	# Nothing in a home needs another user's rights; on a node without user
	# namespaces they would be the node's.
	mount -o remount,bind,nosuid "$merged/home/$user" || :
	keep docker /var/lib/docker 710
	keep containerd /var/lib/containerd 711
	keep containers /var/lib/containers 700
}

# forget removes the layers that a reset has given up, in the background.
forget() {
	cd "$volume/root"
	for old in [0-9]*-*; do
		if [ -d "$old" ] && [ "${old%%-*}" -lt "${root%%-*}" ]; then
			rm -rf "./$old" 9>&- &
		fi
	done
}

# enter switches to the merged root. Shells that are exec'd into the container
# and its probes land there too, in the form pod.
enter() {
	export BERTH_MERGED=pod
	[ -z "${BERTH_NESTED:-}" ] || BERTH_MERGED=nested
	cd "$merged"
	mkdir -p run/berth run/image
	[ -z "$changed" ] || printf '%s\n' "berth: the image has changed since this system was begun; start it afresh with: berth reset-root $name" >run/berth/notice
	if pivot_root . run/image 2>/dev/null; then
		cd /
		umount -l /run/image && rmdir /run/image
		exec /bin/sh "$boot/entrypoint.sh"
	fi
	# The runtime's seccomp profile has no pivot_root.
	mount --move . / && exec chroot . /bin/sh "$boot/entrypoint.sh"
}

if [ -z "${BERTH_NESTED:-}" ]; then
	in_user_namespace
	need mount umount flock pivot_root
	have_sys_admin || nest
fi
lock
overlay
system
kept
forget
enter
