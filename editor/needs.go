package editor

// What an editor needs of a workspace, found out before it is started: editors
// hide why they fail behind a dialog and a minute of waiting.
//
// One small script is run in the workspace and its answer read strictly: it
// comes from a machine that may say anything.

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Needs are what an editor needs of the workspace; zero values ask for nothing.
type Needs struct {
	MemoryMiB  int
	DiskMiB    int
	Forwarding bool
	SFTP       bool
	Glibc      string // its server is built against this version, and not against musl
	Command    string // that must be in the workspace's PATH
	Release    string // of Command, at least
}

// Facts are what was found out about a workspace. Unknown numbers are -1, and
// nothing is concluded from them.
type Facts struct {
	MemoryMiB  int    // that may still be used
	DiskMiB    int    // free at home
	Libc       string // "glibc 2.36", "musl", "" for unknown
	Command    bool
	Release    string // of the command, as "0.10.4"; "" for unknown
	Forwarding bool
	SFTP       bool
}

// Script asks for the facts that a shell can tell. It speaks to any POSIX
// shell, needs nothing that a small image lacks, and changes nothing.
func (n Needs) Script() string {
	return `mem=-1
if [ -r /proc/meminfo ]; then
	while read -r k v _; do if [ "$k" = MemAvailable: ]; then mem=$((v / 1024)); fi; done </proc/meminfo
fi
for d in /sys/fs/cgroup /sys/fs/cgroup/memory; do
	max= used=
	for f in "$d/memory.max" "$d/memory.limit_in_bytes"; do if [ -r "$f" ]; then read -r max <"$f"; fi; done
	for f in "$d/memory.current" "$d/memory.usage_in_bytes"; do if [ -r "$f" ]; then read -r used <"$f"; fi; done
	case $max$used in *[!0-9]* | '') continue ;; esac
	if [ -z "$max" ] || [ -z "$used" ] || [ "${#max}" -gt 15 ]; then continue; fi
	left=$(((max - used) / 1048576))
	if [ "$left" -lt 0 ]; then left=0; fi
	if [ "$mem" -lt 0 ] || [ "$left" -lt "$mem" ]; then mem=$left; fi
done
echo "berth-memory $mem"
echo "berth-disk $(df -Pk "$HOME" 2>/dev/null | { disk=-1; while read -r _ _ _ free _; do case $free in *[!0-9]* | '') ;; *) disk=$((free / 1024)) ;; esac; done; echo "$disk"; })"
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=
if [ -z "$libc" ]; then
	for f in /lib/ld-musl-*; do if [ -e "$f" ]; then libc=musl; fi; done
fi
echo "berth-libc $libc"
if command -v ` + quote(n.Command) + ` >/dev/null 2>&1; then echo "berth-command yes"; else echo "berth-command no"; fi
` + n.askRelease()
}

// askRelease asks for the second word of what the command calls itself; its
// input is this script's own.
func (n Needs) askRelease() string {
	if n.Release == "" {
		return "echo 'berth-release '\n"
	}
	return `echo "berth-release $(` + quote(n.Command) + ` --version 2>/dev/null </dev/null | { read -r _ v _ && echo "$v"; })"
`
}

// ParseFacts reads the script's answer: lines of ours, each once and in its
// form. Anything else that rc files print is passed over; an answer with gaps
// is an error.
func ParseFacts(out string) (Facts, error) {
	f := Facts{MemoryMiB: -1, DiskMiB: -1}
	seen := map[string]bool{}
	scan := bufio.NewScanner(strings.NewReader(out))
	for scan.Scan() {
		key, value, _ := strings.Cut(scan.Text(), " ")
		if !strings.HasPrefix(key, "berth-") {
			continue
		}
		if seen[key] {
			return f, fmt.Errorf("the workspace says %q twice", workspace.Safe(key))
		}
		seen[key] = true
		if err := f.take(key, value); err != nil {
			return f, err
		}
	}
	for _, key := range []string{"berth-memory", "berth-disk", "berth-libc", "berth-command", "berth-release"} {
		if !seen[key] {
			return f, fmt.Errorf("the workspace does not say %s", key)
		}
	}
	return f, scan.Err()
}

func (f *Facts) take(key, value string) (err error) {
	switch key {
	case "berth-memory":
		f.MemoryMiB, err = mebibytes(value)
	case "berth-disk":
		f.DiskMiB, err = mebibytes(value)
	case "berth-libc":
		_, _, known := version(strings.TrimPrefix(value, "glibc "))
		if value != "" && value != "musl" && !known {
			return fmt.Errorf("the workspace's C library is %q, which is no version", workspace.Safe(value))
		}
		f.Libc = value
	case "berth-command":
		if value != "yes" && value != "no" {
			return fmt.Errorf("the workspace answers %q", workspace.Safe(value))
		}
		f.Command = value == "yes"
	case "berth-release":
		if value == "" {
			return nil
		}
		if f.Release, err = release(value); err != nil {
			return fmt.Errorf("the workspace's command calls itself %q, which is no version", workspace.Safe(value))
		}
	default:
		return fmt.Errorf("the workspace says %q", workspace.Safe(key))
	}
	return err
}

func mebibytes(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < -1 {
		return -1, fmt.Errorf("the workspace answers %q, which is no amount", workspace.Safe(s))
	}
	return n, nil
}

// version reads "2.36".
func version(s string) (major, minor int, ok bool) {
	a, b, _ := strings.Cut(s, ".")
	major, err := strconv.Atoi(a)
	if err != nil || major < 0 {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(b)
	return major, minor, err == nil && minor >= 0
}

// Missing is what keeps an editor from working.
type Missing struct {
	Text  string // what is missing
	Next  string // what to change
	Fatal bool   // it cannot work without; the rest is a warning
}

// Missing compares what e needs with what was found. name is the workspace's.
func (e Editor) Missing(f Facts, name string) []Missing {
	n := e.Needs
	var all []Missing
	if n.Command != "" && !f.Command {
		all = append(all, Missing{
			n.Command + " is not installed in the workspace", "install it there, such as: berth ssh " + name + " -- sudo apt-get install -y " + packageOf(n.Command), true,
		})
	}
	if n.Release != "" && f.Command && f.Release != "" && olderThan(f.Release, n.Release) {
		all = append(all, Missing{
			fmt.Sprintf("%s in the workspace is %s, and cannot be shown elsewhere before %s", n.Command, f.Release, n.Release),
			"a newer one there, or its screen there as well: berth open " + name + " --in nvim", true,
		})
	}
	if n.Forwarding && !f.Forwarding {
		all = append(all, Missing{"the workspace's sshd carries no ports, which " + e.Name + " needs", "its sshd_config needs: AllowTcpForwarding yes", true})
	}
	if n.SFTP && !f.SFTP {
		all = append(all, Missing{"the workspace's sshd has no sftp, which " + e.Name + " needs", "its sshd_config needs: Subsystem sftp internal-sftp", true})
	}
	if n.Glibc != "" && tooOld(f.Libc, n.Glibc) {
		all = append(all, Missing{
			fmt.Sprintf("the server of %s needs glibc %s or newer, the workspace has %s", e.Name, n.Glibc, f.Libc),
			"another image: berth edit " + name + " --image ubuntu:24.04", false,
		})
	}
	if f.MemoryMiB >= 0 && f.MemoryMiB < n.MemoryMiB {
		all = append(all, Missing{
			fmt.Sprintf("%d MiB of memory are free, %s wants about %d", f.MemoryMiB, e.Name, n.MemoryMiB),
			"more memory: berth edit " + name + " --memory 8Gi", false,
		})
	}
	if f.DiskMiB >= 0 && f.DiskMiB < n.DiskMiB {
		all = append(all, Missing{
			fmt.Sprintf("%d MiB are free at home, %s wants about %d", f.DiskMiB, e.Name, n.DiskMiB),
			"make room, or a larger home: berth edit " + name + " --disk 20Gi", false,
		})
	}
	return all
}

func packageOf(command string) string {
	return map[string]string{"nvim": "neovim", "hx": "hx", "vim": "vim"}[command]
}

// tooOld reports whether a C library is known not to do.
func tooOld(have, want string) bool {
	if have == "" {
		return false
	}
	return older(strings.TrimPrefix(have, "glibc "), want)
}

// older compares versions; what is none is older than any.
func older(have, want string) bool {
	major, minor, ok := version(have)
	wantMajor, wantMinor, _ := version(want)
	return !ok || major < wantMajor || major == wantMajor && minor < wantMinor
}
