// Package image makes the container images of the tests on a real node: from
// Debian's packages, into archives that containerd imports. Nothing is pulled
// from a registry.
//
// An archive is named after what went into it, so a second run finds it and
// does no work.
package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Recipe says what an image is made of.
type Recipe struct {
	Name string // NAME:TAG
	// Base is a Debian release with the packages of Include; "" is an empty
	// root.
	Base    string
	Include []string
	// Install are packages that come afterwards, without what they recommend.
	Install []string
	Remove  []string // files that go, after that
	// Files are written last, by path: their content, mode 0755.
	Files map[string][]byte
	Cmd   []string
}

// Builder makes images below Dir.
type Builder struct {
	Dir string    // keeps archives and downloaded packages
	Log io.Writer // hears what is made, and how long it took
}

// key names the archive of a recipe: everything that decides what is in it.
func (r Recipe) key() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "2 %q %q %q %q %q %q\n", r.Name, r.Base, r.Include, r.Install, r.Remove, r.Cmd) // a hash takes all
	if r.Base == "" {
		_, _ = io.WriteString(h, "with /tmp\n") // as above
	}
	for _, path := range slices.Sorted(maps.Keys(r.Files)) {
		_, _ = fmt.Fprintf(h, "%q %x\n", path, sha256.Sum256(r.Files[path])) // as above
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Build returns the archive of a recipe, which it makes unless it is there.
func (b Builder) Build(ctx context.Context, r Recipe) (string, error) {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of images: %w", err)
	}
	base, _, _ := strings.Cut(filepath.Base(r.Name), ":")
	archive := filepath.Join(b.Dir, base+"-"+r.key()+".tar")
	lock := flock.New(archive + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("waiting for image %s: %w", r.Name, err)
	}
	defer func() { _ = lock.Close() }() // the kernel would release it too
	if _, err := os.Stat(archive); err == nil {
		return archive, nil
	}
	begun := time.Now()
	_, _ = fmt.Fprintf(b.Log, "  image %s\n", r.Name) // whether somebody hears it changes nothing
	if err := b.make(ctx, r, archive); err != nil {
		return "", fmt.Errorf("making image %s: %w", r.Name, err)
	}
	_, _ = fmt.Fprintf(b.Log, "  image %s: %.0f s\n", r.Name, time.Since(begun).Seconds()) // as above
	return archive, nil
}

func (b Builder) make(ctx context.Context, r Recipe, archive string) error {
	root, err := os.MkdirTemp(b.Dir, "root-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }() // what cannot be removed is seen in the folder
	if err := os.Chmod(root, 0o755); err != nil {
		return err
	}
	if r.Base != "" {
		if err := b.debootstrap(ctx, r, root); err != nil {
			return err
		}
	} else if err := emptyRoot(root); err != nil {
		return err
	}
	if len(r.Install) > 0 {
		if err := install(ctx, root, r.Install); err != nil {
			return err
		}
	}
	for _, path := range r.Remove {
		if err := os.Remove(filepath.Join(root, path)); err != nil {
			return err
		}
	}
	for path, data := range r.Files {
		into := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(into, data, 0o755); err != nil {
			return err
		}
	}
	if err := pack(ctx, r, root, archive+".new"); err != nil {
		return err
	}
	return os.Rename(archive+".new", archive)
}

// emptyRoot puts into root what even an image without a system has.
func emptyRoot(root string) error {
	tmp := filepath.Join(root, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	return os.Chmod(tmp, os.ModeSticky|0o777) // past this process's umask
}

// debootstrap makes a minimal Debian in root, from the mirror that this machine
// itself uses. Packages are downloaded once for all images.
func (b Builder) debootstrap(ctx context.Context, r Recipe, root string) error {
	mirror, err := Mirror(ctx)
	if err != nil {
		return err
	}
	packages, err := filepath.Abs(filepath.Join(b.Dir, "packages"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(packages, 0o755); err != nil {
		return err
	}
	args := []string{"--variant=minbase", "--cache-dir=" + packages}
	if len(r.Include) > 0 {
		args = append(args, "--include="+strings.Join(r.Include, ","))
	}
	return run(exec.CommandContext(ctx, "debootstrap", append(args, r.Base, root, mirror)...))
}

// Mirror is where this machine gets its Debian packages.
func Mirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)").Output()
	if err != nil {
		return "", fmt.Errorf("asking apt for its mirror: %w", err)
	}
	mirror, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if mirror == "" {
		return "", fmt.Errorf("apt has no mirror: is there a sources.list, and was apt-get update run?")
	}
	return mirror, nil
}

// install adds packages with the image's own apt.
func install(ctx context.Context, root string, packages []string) error {
	script := "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends " + strings.Join(packages, " ")
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "sh", "-c",
		`mount -t proc proc "$1/proc" && cp /etc/resolv.conf "$1/etc/resolv.conf" && exec chroot "$1" sh -c "$2"`, "install", root, script)
	return run(cmd)
}

// run runs a program and reports its last words when it fails.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(string(out[max(0, len(out)-2000):])))
	}
	return nil
}
