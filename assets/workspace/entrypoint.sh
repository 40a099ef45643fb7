#!/bin/sh
# Runs in a workspace's container, as its first process, and serves SSH.
#
#   as root      installs openssh-server when the image has none, sees to the
#                user, then serves
#   without root serves with the image's own sshd, as the user it runs as
#   full         first merges the image with the volume, see root.sh
#
# Environment: BERTH_NAME is the workspace's name, BERTH_USER the login name,
# BERTH_PROFILE restricted, standard or full. BERTH_ETC and BERTH_RUN move the
# files it reads (/etc/berth) and writes (/run/berth, or /tmp/berth without
# root).
set -eu

etc=${BERTH_ETC:-/etc/berth}
user=${BERTH_USER:-dev}
name=${BERTH_NAME:-NAME}
profile=${BERTH_PROFILE:-standard}
uid=$(id -u)
if [ "$uid" = 0 ]; then
	run=${BERTH_RUN:-/run/berth}
	home=/home/$user
else
	run=${BERTH_RUN:-${TMPDIR:-/tmp}/berth}
	home=${HOME:-/home/$user}
fi

say() { printf 'berth: %s\n' "$*"; }

# die leaves its words where the cluster shows them as the reason.
die() {
	say "$*" >&2
	say "$*" 2>/dev/null >"${BERTH_TERMINATION_LOG:-/dev/termination-log}" || true
	exit 1
}

find_sshd() {
	for dir in /usr/sbin /usr/bin /usr/local/sbin /sbin; do
		if [ -x "$dir/sshd" ]; then
			printf '%s\n' "$dir/sshd"
			return
		fi
	done
	command -v sshd || true
}

# install_sshd uses the image's own package manager. Its output goes to the
# log, where a person sees why it failed.
install_sshd() {
	say "the image has no sshd; installing openssh-server"
	if command -v apt-get >/dev/null; then
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -q && apt-get install -q -y --no-install-recommends openssh-server sudo
	elif command -v apk >/dev/null; then
		apk add --no-cache openssh-server openssh-sftp-server sudo shadow
	elif command -v dnf >/dev/null; then
		dnf install -y openssh-server sudo shadow-utils
	elif command -v zypper >/dev/null; then
		zypper --non-interactive install openssh-server sudo shadow
	else
		return 1
	fi
}

# name_of prints the first name with number $2 in the passwd-like file $1.
name_of() {
	while IFS=: read -r entry _ number _; do
		if [ "$number" = "$2" ]; then
			printf '%s\n' "$entry"
			return
		fi
	done <"$1"
}

# the_user makes uid 1000 the login user: an image's own user of that number is
# renamed, because the home belongs to the number.
the_user() {
	owner=$(name_of /etc/passwd 1000)
	shell=/bin/sh
	[ ! -x /bin/bash ] || shell=/bin/bash
	if id "$user" >/dev/null 2>&1; then
		:
	elif [ -n "$owner" ]; then
		usermod -l "$user" -d "$home" -s "$shell" "$owner"
		groupmod -n "$user" "$owner" 2>/dev/null || true
	elif command -v useradd >/dev/null; then
		group=-U
		[ -z "$(name_of /etc/group 1000)" ] || group="-g 1000"
		# shellcheck disable=SC2086 # an option and its value
		useradd -u 1000 $group -M -d "$home" -s "$shell" "$user"
	else
		adduser -D -H -u 1000 -h "$home" -s "$shell" "$user"
	fi || die "cannot make user $user in this image: the log above says why (berth logs $name)"
	# A locked account may not log in, not even by key; "*" is no password
	# and no lock.
	usermod -p '*' "$user" 2>/dev/null || true
	may_do_everything
	first_home
	# A home that cannot be changed is no reason to keep its owner out.
	chown "$user:" "$home" || say "$home cannot be given to $user"
}

# may_do_everything: the user is who administers this machine.
may_do_everything() {
	if [ -d /etc/sudoers.d ]; then
		printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$user" >/etc/sudoers.d/berth
		chmod 0440 /etc/sudoers.d/berth
	fi
	if grep -q '^docker:' /etc/group; then
		usermod -aG docker "$user" 2>/dev/null || true
	fi
}

# first_home fills a new, empty home from the image's skeleton.
first_home() {
	[ -d "$home" ] && [ -d /etc/skel ] || return 0
	for entry in "$home"/* "$home"/.[!.]*; do
		case $entry in
		*/lost+found | *'/*' | *'/.[!.]*') ;;
		*) return 0 ;;
		esac
	done
	cp -R /etc/skel/. "$home/" || say "$home cannot be written; it stays empty"
	if [ "$uid" = 0 ]; then
		chown -R "$user:" "$home" || true
	fi
}

# no_setuid refuses a home with programs that run as root for whoever starts
# them. They were made when the workspace had profile full, where root is
# nobody outside; here it is the node's.
no_setuid() {
	found=$(find "$home" -xdev -type f -user 0 \( -perm -4000 -o -perm -2000 \) 2>/dev/null | head -n 1)
	[ -z "$found" ] || die "the home holds a set-user-id program of root, $found, made in profile full: go back to it (berth edit $name --profile full) and remove the file"
}

# container_env prints one SetEnv line with the container's environment: sshd
# starts sessions with a clean one and takes only the first such line. Names
# that a session sets itself and what Kubernetes adds stay out; with argument
# "plain" also values that have to be escaped.
container_env() {
	env | LC_ALL=C sort | awk -v plain="${1:-}" '
		/^[A-Za-z_][A-Za-z0-9_]*=/ {
			name = substr($0, 1, index($0, "=") - 1)
			value = substr($0, index($0, "=") + 1)
			if (name ~ /^(HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|HOSTNAME|TERM|MAIL|_)$/) next
			if (name ~ /^(KUBERNETES_|BERTH_|SSH_|DEBIAN_FRONTEND)/ || name ~ /(_SERVICE_|_PORT(_|$))/) next
			if (plain && value ~ /[\\"]/) next
			gsub(/\\/, "\\\\", value)
			gsub(/"/, "\\\"", value)
			line = line " \"" name "=" value "\""
		}
		END { if (line != "") print "SetEnv" line }'
}

# add appends a line to the configuration, if this sshd understands it.
add() {
	cp "$config" "$config.try"
	printf '%s\n' "$1" >>"$config.try"
	if "$sshd" -t -f "$config.try" 2>/dev/null; then
		mv "$config.try" "$config"
	else
		rm -f "$config.try"
		return 1
	fi
}

# write_config adds to the shipped configuration what this sshd understands.
write_config() {
	config=$run/sshd_config
	mkdir -p "$run"
	chmod 0700 "$run"
	(
		umask 077
		cat "$etc/boot/sshd_config" >"$config"
		# The keys are this user's, not every account's of the image.
		printf 'AllowUsers %s\n' "$user" >>"$config"
	) || die "cannot write $config: is the node's disk full?"
	"$sshd" -t -f "$config" || die "sshd does not accept its configuration; the log above says why (berth logs $name)"
	if ! add "$(container_env)" && add "$(container_env plain)"; then
		say "this sshd is older than 8.7: variables with quotes or backslashes in them do not reach sessions"
	fi
	add 'PerSourcePenalties no' || true
	add 'UsePAM no' || true
}

# greet is what a person reads at login. Without root the file is mounted.
greet() {
	[ "$uid" = 0 ] || return 0
	{
		cat "$etc/boot/motd"
		[ ! -f "$run/notice" ] || cat "$run/notice"
	} >/etc/motd 2>/dev/null || true
}

# start_docker starts the image's own Docker in profile full. What a nested
# namespace may not do to the pod's network is left out there.
start_docker() {
	[ -n "${BERTH_MERGED:-}" ] && command -v dockerd >/dev/null || return 0
	set -- --storage-driver=overlay2
	[ "$BERTH_MERGED" = pod ] || set -- "$@" --bridge=none --iptables=false --ip6tables=false --ip-forward=false
	path=$PATH
	if command -v crun >/dev/null; then
		# Control groups of our own are more than most clusters give.
		mkdir -p "$run/bin"
		# shellcheck disable=SC2016 # $@ is the wrapper's
		printf '#!/bin/sh\nexec crun --cgroup-manager=disabled "$@"\n' >"$run/bin/runc"
		chmod 0755 "$run/bin" "$run/bin/runc"
		chmod 0711 "$run"
		path=$run/bin:$PATH
	fi
	rm -f /var/run/docker.pid /run/docker.pid
	say "starting Docker; its log is /var/log/dockerd.log"
	PATH=$path dockerd "$@" >/var/log/dockerd.log 2>&1 9>&- &
}

# quiet passes sshd's log on without what probes leave in it: the kubelet's
# connections, which end before they say anything, and those of berth, which
# say goodbye as "probe" before anybody is named.
quiet() {
	while IFS= read -r line; do
		case $line in
		'kex_exchange_identification: '* | 'Connection closed by '[!ai]*' port '[0-9]* | 'Connection reset by '[!ai]*' port '[0-9]*) ;;
		'Received disconnect from '*':11: probe [preauth]' | 'Disconnected from '[!ai]*' port '[0-9]*' [preauth]') ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# follow_host_key has sshd read a host key that has changed. Sessions stay.
follow_host_key() {
	key=$etc/ssh/ssh_host_ed25519_key.pub
	was='' now=''
	read -r was <"$key" || return 0
	while sleep 5 && kill -0 "$1"; do
		read -r now <"$key" || continue
		if [ "$now" != "$was" ]; then
			was=$now
			say "the host key has changed"
			kill -HUP "$1" || return 0
		fi
	done 2>/dev/null
}

# farewell tells whoever is logged in that the workspace goes, and gives them
# a moment. The kernel gives no more than the pod's grace.
farewell() {
	someone=
	for tty in /dev/pts/[0-9]*; do
		[ -c "$tty" ] || continue
		someone=yes
		printf '\r\n\aberth: workspace %s is being stopped or moved; this session ends in 5 seconds\r\n' "$name" 2>/dev/null >"$tty" || true
	done
	[ -z "$someone" ] || sleep 5 || true
}

# serve runs sshd until it ends or the container is told to.
serve() {
	mkfifo "$run/log" 2>/dev/null || true
	quiet <"$run/log" &
	"$sshd" -D -e -f "$config" >"$run/log" 2>&1 9>&- &
	server=$!
	stopping=
	trap 'stopping=yes' TERM INT
	follow_host_key "$server" &
	code=0
	wait "$server" || code=$?
	if [ -z "$stopping" ]; then
		die "sshd ended with code $code; its last words are in the log (berth logs $name)"
	fi
	kill -TERM "$server" 2>/dev/null || true # nobody comes in any more
	farewell
	trap '' HUP TERM INT
	if [ $$ = 1 ]; then # all that runs here is this container's
		kill -HUP -1 2>/dev/null || true
		kill -TERM -1 2>/dev/null || true
	fi
	wait || true
	exit 0
}

if [ "$profile" = full ] && [ -z "${BERTH_MERGED:-}" ]; then
	exec /bin/sh "$etc/boot/root.sh"
fi
sshd=$(find_sshd)
if [ "$uid" = 0 ]; then
	if [ -z "$sshd" ]; then
		install_sshd || die "cannot install openssh-server in this image: use an image with sshd, or give the namespace access to a package mirror"
		sshd=$(find_sshd)
	fi
	mkdir -p /run/sshd
	chmod 0755 /run/sshd
	the_user
else
	first_home
fi
[ -n "$sshd" ] || die "this image has no sshd, and profile restricted cannot install it: use an image with openssh-server, or profile standard"
[ -z "${BERTH_SCAN_SETUID:-}" ] || no_setuid
write_config
greet
start_docker
say "sshd listens on port 2222 for user $user"
serve
