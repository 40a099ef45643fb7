package image

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// rpmScript repackages Debian's sshd and sudo as RPM and makes the index that
// dnf and zypper read: no distribution with RPM is to be had from Debian's
// mirror, but its package managers are.
//
//go:embed rpm.sh
var rpmScript string

// release is the Debian release of the images, but for those that are about
// another sshd.
const release = "bookworm"

// Images of the tests.
const (
	Pause     = "berth.local/pause:1"     // holds a pod's namespaces
	SSHD      = "berth.local/sshd:1"      // Debian with openssh-server and sudo
	Workspace = "berth.local/workspace:1" // what the Dockerfile adds, Docker included
	Next      = "berth.local/workspace:2" // the next version of it
	Plain     = "berth.local/plain:1"     // Debian without sshd
	NoShell   = "berth.local/noshell:1"   // one static program and nothing else
	OldSSHD   = "berth.local/sshd:8.4"    // Debian 11
	NewSSHD   = "berth.local/sshd:10.0"   // Debian 13
	DNF       = "berth.local/dnf:1"       // without sshd, and no other package manager than dnf
	Zypper    = "berth.local/zypper:1"    // the same with zypper
)

// Packages are what containers can install: what the workspace image is made
// of, and one more.
func Packages() []string {
	return []string{
		"openssh-server", "sudo", "ca-certificates", "curl", "git", "rsync", "tmux", "less", "nano", "procps", "iproute2",
		"docker.io", "crun", "iptables", "uidmap", "jq",
	}
}

// Recipes are all images of the tests. Containers install packages from the
// folder of [Builder.Repository], as it is served at the URL packages. busybox
// is a static one; still is the program that does nothing.
func Recipes(packages string, still, busybox []byte) []Recipe {
	// Containers reach no mirror, only the machine they run on.
	source := map[string][]byte{
		"etc/apt/sources.list":        []byte("deb [trusted=yes] " + packages + " ./\n"),
		"etc/apt/apt.conf.d/99-berth": []byte("Acquire::Languages \"none\";\nAPT::Sandbox::User \"root\";\n"),
		"etc/berth-image-version":     []byte("1\n"),
		"usr/local/share/inner/sh":    busybox, // an image to run in Docker inside
	}
	next := maps.Clone(source)
	next["etc/berth-image-version"] = []byte("2\n")
	sshd := []string{"openssh-server", "sudo", "rsync", "procps"}
	tools := []string{"ca-certificates", "curl", "git", "tmux", "iproute2", "docker.io", "crun", "iptables"}
	return []Recipe{
		{Name: Pause, Files: map[string][]byte{"still": still}, Cmd: []string{"/still"}},
		{Name: NoShell, Files: map[string][]byte{"still": still}, Cmd: []string{"/still"}},
		{Name: SSHD, Base: release, Include: sshd, Files: source},
		{Name: Plain, Base: release, Files: source},
		{Name: Workspace, Base: release, Include: sshd, Install: tools, Files: source},
		{Name: Next, Base: release, Include: sshd, Install: tools, Files: next},
		{Name: OldSSHD, Base: "bullseye", Include: sshd},
		{Name: NewSSHD, Base: "trixie", Include: sshd},
		withRPM(DNF, packages, "etc/yum.repos.d/berth.repo", "dnf"),
		withRPM(Zypper, packages, "etc/zypp/repos.d/berth.repo", "zypper"),
	}
}

// withRPM is Debian with another package manager than its own, and the
// libraries of sshd, which no RPM package of the tests brings.
func withRPM(name, packages, source, tool string) Recipe {
	text := "[berth]\nname=berth\nbaseurl=" + packages + "/rpm\nenabled=1\ngpgcheck=0\n"
	return Recipe{
		Name: name, Base: release, Include: []string{tool, "rpm", "procps", "libwrap0", "libgssapi-krb5-2"},
		Remove: []string{"usr/bin/apt-get"}, Files: map[string][]byte{source: []byte(text)},
	}
}

// Repository makes a folder with the packages names and all that they need
// beyond a minimal Debian, with the index that apt reads. It is named after
// what it holds; one that is there is left as it is.
func (b Builder) Repository(ctx context.Context, names ...string) (dir string, err error) {
	sum := sha256.Sum256([]byte(strings.Join(names, " ")))
	dir = filepath.Join(b.Dir, "repository-"+hex.EncodeToString(sum[:4]))
	if _, err := os.Stat(filepath.Join(dir, "Packages")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of packages: %w", err)
	}
	if err := b.download(ctx, dir, names); err != nil {
		return "", fmt.Errorf("downloading packages: %w", err)
	}
	if err := run(exec.CommandContext(ctx, "sh", "-ec", rpmScript, "rpm.sh", b.Dir, dir)); err != nil {
		return "", fmt.Errorf("making RPM packages: %w", err)
	}
	list := exec.CommandContext(ctx, "sh", "-ec", "dpkg-scanpackages --multiversion . >Packages.new 2>/dev/null && mv Packages.new Packages")
	list.Dir = dir
	return dir, run(list)
}

// download puts packages into dir. A minimal root knows what is missing from a
// minimal root.
func (b Builder) download(ctx context.Context, dir string, names []string) error {
	root, err := os.MkdirTemp(b.Dir, "root-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }() // as in make
	if err := b.debootstrap(ctx, Recipe{Base: release}, root); err != nil {
		return err
	}
	args := append([]string{"--mount", "--pid", "--fork", "sh", "-ec", `
mount -t proc proc "$1/proc"
cp /etc/resolv.conf "$1/etc/resolv.conf"
root=$1; into=$2; shift 2
chroot "$root" sh -ec 'apt-get update -qq; apt-get install -y -qq --no-install-recommends --download-only "$@"' sh "$@"
cp "$root"/var/cache/apt/archives/*.deb "$into"
`, "repository", root, dir}, names...)
	return run(exec.CommandContext(ctx, "unshare", args...))
}
