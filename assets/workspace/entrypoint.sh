#!/bin/sh
# Runs in a workspace's container and becomes its SSH server.
#
#   as root      installs openssh-server when the image has none, sees to the
#                user, then serves
#   without root serves with the image's own sshd, as the user it runs as
#
# Environment: BERTH_USER is the login name. BERTH_ETC and BERTH_RUN move the
# files it reads (/etc/berth) and writes (/run/berth, or /tmp/berth without
# root).
set -eu

etc=${BERTH_ETC:-/etc/berth}
user=${BERTH_USER:-dev}
uid=$(id -u)
if [ "$uid" = 0 ]; then
	run=${BERTH_RUN:-/run/berth}
else
	run=${BERTH_RUN:-${TMPDIR:-/tmp}/berth}
fi

# die leaves its words where the cluster shows them as the reason.
die() {
	printf 'berth: %s\n' "$*" >&2
	printf 'berth: %s\n' "$*" 2>/dev/null >"${BERTH_TERMINATION_LOG:-/dev/termination-log}" || true
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
	echo "berth: the image has no sshd; installing openssh-server"
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

# the_user makes uid 1000 the login user: an image's own user of that number is
# renamed, because the home belongs to the number.
the_user() {
	owner=$(getent passwd 1000 2>/dev/null | cut -d: -f1 || true)
	shell=/bin/sh
	[ ! -x /bin/bash ] || shell=/bin/bash
	if id "$user" >/dev/null 2>&1; then
		:
	elif [ -n "$owner" ]; then
		usermod -l "$user" -d "/home/$user" -s "$shell" "$owner"
		groupmod -n "$user" "$owner" 2>/dev/null || true
	elif command -v useradd >/dev/null; then
		useradd -u 1000 -M -d "/home/$user" -s "$shell" "$user"
	else
		adduser -D -H -u 1000 -h "/home/$user" -s "$shell" "$user"
	fi
	# A locked account may not log in, not even by key; "*" is no password
	# and no lock.
	usermod -p '*' "$user" 2>/dev/null || true
	if [ -d /etc/sudoers.d ]; then
		printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$user" >/etc/sudoers.d/berth
		chmod 0440 /etc/sudoers.d/berth
	fi
	first_home "/home/$user"
	chown "$user:" "/home/$user"
}

# first_home fills a new, empty home from the image's skeleton.
first_home() {
	if [ -d "$1" ] && [ -d /etc/skel ] && [ -z "$(find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found | head -n 1)" ]; then
		cp -R /etc/skel/. "$1/"
		if [ "$uid" = 0 ]; then
			chown -R "$user:" "$1"
		fi
	fi
}

# container_env prints one SetEnv line with the container's environment: sshd
# starts sessions with a clean one and takes only the first such line. Names
# that a session sets itself and what Kubernetes adds stay out.
container_env() {
	env | LC_ALL=C sort | awk '
		/^[A-Za-z_][A-Za-z0-9_]*=/ {
			name = substr($0, 1, index($0, "=") - 1)
			value = substr($0, index($0, "=") + 1)
			if (name ~ /^(HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|HOSTNAME|TERM|MAIL|_)$/) next
			if (name ~ /^(KUBERNETES_|BERTH_|SSH_|DEBIAN_FRONTEND)/ || name ~ /(_SERVICE_|_PORT(_|$))/) next
			gsub(/\\/, "\\\\", value)
			gsub(/"/, "\\\"", value)
			line = line " \"" name "=" value "\""
		}
		END { if (line != "") print "SetEnv" line }'
}

# write_config adds to the shipped configuration what this sshd understands.
write_config() {
	config=$run/sshd_config
	mkdir -p "$run"
	chmod 0700 "$run"
	(
		umask 077
		cat "$etc/boot/sshd_config" >"$config"
		container_env >>"$config"
	)
	for option in 'PerSourcePenalties no' 'UsePAM no'; do
		cp "$config" "$config.try"
		printf '%s\n' "$option" >>"$config.try"
		if "$sshd" -t -f "$config.try" 2>/dev/null; then
			mv "$config.try" "$config"
		else
			rm -f "$config.try"
		fi
	done
	"$sshd" -t -f "$config" || die "sshd does not accept its configuration; the log above says why"
}

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
	first_home "${HOME:-/home/$user}"
fi
[ -n "$sshd" ] || die "this image has no sshd, and profile restricted cannot install it: use an image with openssh-server, or profile standard"
write_config
echo "berth: sshd listens on port 2222 for user $user"
exec "$sshd" -D -e -f "$config"
