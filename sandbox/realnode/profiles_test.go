//go:build linux && realnode

package realnode_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// profiles are the ways to run a workspace: each with the strictest Pod
// Security level that admits it, and with the oldest and the newest OpenSSH
// that Debian has.
var profiles = []struct {
	name, level, profile, image string
	root                        bool // the user can become root
}{
	{"restricted", restricted, "restricted", image.SSHD, false},
	{"standard", baseline, "standard", image.SSHD, true},
	{"full under baseline", baseline, "full", image.Workspace, true},
	{"full under privileged", privileged, "full", image.Workspace, true},
	{"an old sshd", baseline, "standard", image.OldSSHD, true},
	{"a new sshd", restricted, "restricted", image.NewSSHD, false},
}

// A workspace of every profile serves every way in, and keeps its home and its
// identity over restart, stop and start, delete and restore.
func TestEveryWayInAndEveryMove(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, p.level)
			b.create("w", p.image, "--profile", p.profile, "--env", `GREETING=a "b" \c d`)
			waysIn(b, p.root)
			b.far("w", "echo kept > ~/file && mkdir -p ~/.cache/x")
			host := b.hostKey()
			for _, move := range [][]string{
				{"restart", "w", "--wait", "--yes"},
				{"stop", "w", "--wait", "--yes"},
				{"start", "w", "--wait"},
				{"delete", "w", "--wait", "--yes"},
				{"restore", "w", "--wait", "--yes"},
			} {
				b.berth(move...)
				if move[0] == "stop" || move[0] == "delete" {
					continue
				}
				if got := b.far("w", "cat ~/file"); got != "kept" {
					t.Errorf("after %s the home holds %q", move[0], got)
				}
				if got := b.hostKey(); got != host {
					t.Errorf("after %s the host key is %s, was %s", move[0], got, host)
				}
			}
		})
	}
}

// hostKey is the key that the sshd of workspace w shows.
func (b *bed) hostKey() string {
	b.t.Helper()
	r := b.run("", append(b.ssh("w", "-v"), "true")...)
	for line := range strings.Lines(r.stderr) {
		if _, key, ok := strings.Cut(line, "Server host key: "); ok {
			return strings.TrimSpace(key)
		}
	}
	b.t.Fatalf("no host key in %v", r)
	return ""
}

// waysIn tries what people and editors do, in workspace w.
func waysIn(b *bed, root bool) {
	const name = "w"
	t := b.t
	if got := b.far(name, "id -u; echo $HOME; pwd"); got != "1000\n/home/dev\n/home/dev" {
		t.Errorf("the user is %q", got)
	}
	want := `a "b" \c d`
	if old := strings.HasPrefix(b.far(name, "/usr/sbin/sshd -V 2>&1; true"), "unknown option"); old {
		want = "" // versions before 8.7 know no escapes
	}
	if got := b.far(name, `printf %s "$GREETING"; [ -n "$LANG" ]`); got != want {
		t.Errorf("the container's environment reaches a session as %q", got)
	}
	if r := b.tryFar(name, "exit 7"); r.code != 7 {
		t.Errorf("exit 7: %v", r)
	}
	if got := b.run("tty; stty size; exit\n", append(b.ssh(name, "-tt"), "sh")...).stdout; !strings.Contains(got, "/dev/pts/") {
		t.Errorf("the terminal is %q", got)
	}
	if root {
		if got := b.far(name, "sudo -n id -u"); got != "0" {
			t.Errorf("sudo gives %q", got)
		}
	}
	local := filepath.Join(b.home, "up")
	if err := os.MkdirAll(local, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(local, "a"), []byte(strings.Repeat("x", 1<<20)), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(b.home, ".ssh", "berth", "config")
	if r := b.run("put up/a a\nrename a b\nls -l b\nbye\n", "sftp", "-F", config, "-b", "-", b.alias(name)); r.code != 0 {
		t.Errorf("sftp: %v", r)
	}
	b.mustCommand("scp", "-q", "-F", config, local+"/a", b.alias(name)+":c")
	b.mustCommand("rsync", "-a", "-e", "ssh -F "+config, local+"/", b.alias(name)+":synced/")
	if got := b.far(name, "wc -c < b; wc -c < c; wc -c < synced/a"); strings.Join(strings.Fields(got), " ") != "1048576 1048576 1048576" {
		t.Errorf("copied files have sizes %q", got)
	}
	editorBootstrap(b, name)
}

// editorBootstrap does what a remote editor does first: a script on standard
// input of sh, a server in the background that outlives the command, and a
// forwarded port to it.
func editorBootstrap(b *bed, name string) {
	b.t.Helper()
	script := `set -e
mkdir -p ~/.editor && cd ~/.editor
cat > server.sh <<'S'
while :; do sleep 1; done
S
nohup sh server.sh >/dev/null 2>&1 &
echo "pid==$!=="
`
	r := b.run(script, append(b.ssh(name, "-T"), "sh")...)
	_, rest, ok := strings.Cut(r.stdout, "pid==")
	pid, _, _ := strings.Cut(rest, "==")
	if r.code != 0 || !ok {
		b.t.Fatalf("bootstrap: %v", r)
	}
	if r := b.tryFar(name, "kill -0 "+pid+" && kill "+pid); r.code != 0 {
		b.t.Errorf("the editor's server did not outlive its command: %v", r)
	}
}
