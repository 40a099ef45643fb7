package image

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
)

// release is the Debian release of all images.
const release = "bookworm"

// Images of the tests.
const (
	Pause     = "berth.local/pause:1"     // holds a pod's namespaces
	SSHD      = "berth.local/sshd:1"      // Debian with openssh-server and sudo
	Workspace = "berth.local/workspace:1" // what the Dockerfile adds, Docker included
	Next      = "berth.local/workspace:2" // the next version of it
	Plain     = "berth.local/plain:1"     // Debian without sshd
	NoShell   = "berth.local/noshell:1"   // one static program and nothing else
)

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
	}
}

// Repository fills dir with the packages names and all that they need beyond a
// minimal Debian, and the index that apt reads.
func (b Builder) Repository(ctx context.Context, dir string, names ...string) error {
	index := filepath.Join(dir, "Packages")
	if _, err := os.Stat(index); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of packages: %w", err)
	}
	// A minimal root knows what is missing from a minimal root.
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
	if err := run(exec.CommandContext(ctx, "unshare", args...)); err != nil {
		return fmt.Errorf("downloading packages: %w", err)
	}
	list := exec.CommandContext(ctx, "sh", "-ec", "dpkg-scanpackages --multiversion . >Packages.new 2>/dev/null && mv Packages.new Packages")
	list.Dir = dir
	return run(list)
}
