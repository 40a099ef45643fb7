#!/bin/sh
# rpm.sh TMP DEBS makes RPM packages in DEBS/rpm from the Debian packages in
# DEBS, with a folder in TMP for what lies in between.
set -eu
debs=$2 into=$2/rpm
work=$(mktemp -d "$1/rpm.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$into"

# package NAME SCRIPT DEB... makes package NAME of the files of some Debian
# packages, with a script that runs once it is installed. The shell for that is
# the image's, which no RPM package has brought.
package() {
	name=$1 script=$2
	shift 2
	files=$work/$name
	mkdir -p "$files/usr/share/berth"
	: >"$files/usr/share/berth/$name" # rpm takes no list without a file
	for deb; do
		dpkg-deb -x "$debs/$deb"_*_amd64.deb "$files"
	done
	rm -rf "$files/usr/share/doc" "$files/usr/share/man" "$files/etc/init.d" "$files/lib/systemd" "$files/etc/default"
	find "$files" ! -type d -printf '/%P\n' >"$files.list"
	cat >"$files.spec" <<-SPEC
		Name: $name
		Version: 1
		Release: 1
		Summary: $name, from Debian's files
		License: as in Debian
		AutoReqProv: no
		Provides: /bin/sh
		%description
		$name for the tests of workspaces.
		%install
		cp -a $files/. %{buildroot}/
		%post
		$script
		%files -f $files.list
	SPEC
	rpmbuild --quiet -bb --define "_topdir $work/build" --define "_rpmdir $into" --define "__os_install_post %{nil}" \
		--define "_build_id_links none" "$files.spec"
}

package openssh-server 'useradd --system --no-create-home --home-dir /run/sshd --shell /usr/sbin/nologin sshd' \
	openssh-server openssh-sftp-server
package sudo 'true' sudo
package shadow-utils 'true' # the images have Debian's
package shadow 'true'
createrepo_c --quiet "$into"
