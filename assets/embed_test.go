package assets_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/assets"
)

func TestEntrypointIsCleanShell(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "shellcheck", "-s", "sh", "workspace/entrypoint.sh", "workspace/root.sh", "workspace/enter.sh", "workspace/started.sh")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

func TestTemplatesAreOffered(t *testing.T) {
	docs, err := assets.Templates()
	if err != nil || len(docs) == 0 {
		t.Fatalf("got %d templates, error %v", len(docs), err)
	}
	for _, doc := range docs {
		if !bytes.HasPrefix(doc, []byte("name: ")) {
			t.Errorf("template does not begin with its name:\n%s", doc)
		}
	}
}

// keyPair writes a private key in OpenSSH's format and returns its public line.
func keyPair(t *testing.T, path string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(line))
}

// freePort returns a port nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().(*net.TCPAddr).Port
}

// unprivileged returns how to run a command without root: directly, or, where
// the tests run as root, as a user that only a mounted /etc/passwd knows, which
// is how profile restricted does it.
func unprivileged(t *testing.T, dir string) (user string, prefix []string) {
	t.Helper()
	if os.Getuid() != 0 {
		return os.Getenv("USER"), nil
	}
	const uid = 1000
	for name, content := range map[string]string{
		"boot/passwd": "root:x:0:0:root:/root:/bin/sh\ndev:x:1000:1000:dev:" + dir + "/home:/bin/sh\n",
		"boot/group":  "root:x:0:\ntty:x:5:\ndev:x:1000:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, uid)
	})
	if err != nil {
		t.Fatal(err)
	}
	script := `mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec setpriv --reuid=1000 --regid=1000 --clear-groups "$@"`
	for _, name := range []string{"boot/passwd", "boot/group"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "dev", []string{"unshare", "--mount", "sh", "-c", script, filepath.Join(dir, "boot")}
}

// TestEntrypointServesWithoutRoot runs the restricted form: the image's sshd,
// an unprivileged user, keys in a mounted directory, and the container's
// environment in the session.
func TestEntrypointServesWithoutRoot(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "berth-entrypoint-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"ssh", "boot", "run", "home", "client"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	hostKey := keyPair(t, filepath.Join(dir, "ssh/ssh_host_ed25519_key"))
	userKey := keyPair(t, filepath.Join(dir, "client/id"))
	port := freePort(t)
	config := strings.NewReplacer("/etc/berth", dir, "Port 2222", "Port "+strconv.Itoa(port)).Replace(assets.Boot("restricted")["sshd_config"])
	for name, content := range map[string]string{
		"boot/entrypoint.sh": assets.Boot("restricted")["entrypoint.sh"], "boot/sshd_config": config, "ssh/authorized_keys": userKey,
		"client/known_hosts": fmt.Sprintf("ws %s", hostKey),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	user, prefix := unprivileged(t, dir)
	if err := os.Chown(filepath.Join(dir, "client/id"), os.Getuid(), os.Getgid()); err != nil {
		t.Fatal(err)
	}
	serve(t, dir, user, prefix)

	want := `quoted "value" with \ and $HOME` + "\n"
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := exec.CommandContext(ctx, "ssh", "-F", "none", "-p", strconv.Itoa(port), "-i", filepath.Join(dir, "client/id"),
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "HostKeyAlias=ws", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectionAttempts=20",
		"-o", "UserKnownHostsFile="+filepath.Join(dir, "client/known_hosts"), user+"@127.0.0.1", "printenv GREETING")
	var stderr bytes.Buffer
	client.Stderr = &stderr
	got, err := client.Output()
	if err != nil {
		t.Fatalf("logging in: %v\n%s", err, stderr.String())
	}
	if string(got) != want {
		t.Errorf("GREETING in the session is %q, want %q", got, want)
	}
}

// serve starts the entrypoint and waits until it says that it listens.
func serve(t *testing.T, dir, user string, prefix []string) {
	t.Helper()
	argv := append(append([]string{}, prefix...), "sh", filepath.Join(dir, "boot/entrypoint.sh"))
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends sshd
	cmd.Env = []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "BERTH_ETC=" + dir, "BERTH_RUN=" + dir + "/run", "BERTH_USER=" + user,
		"HOME=" + dir + "/home", "GREETING=" + `quoted "value" with \ and $HOME`, "BERTH_TERMINATION_LOG=" + dir + "/run/termination",
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was told to end
		_ = log.Close()
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Logf("entrypoint:\n%s", text)
			}
		}
	})
}

func TestEntrypointWithoutSSHDSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	script := strings.Replace(assets.Boot("restricted")["entrypoint.sh"], "for dir in /usr/sbin /usr/bin /usr/local/sbin /sbin; do", "for dir in "+dir+"; do", 1)
	script = strings.Replace(script, "command -v sshd || true", "true", 1)
	script = strings.Replace(script, "uid=$(id -u)", "uid=1000", 1)
	path := filepath.Join(dir, "entrypoint.sh")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", path)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "BERTH_TERMINATION_LOG=" + dir + "/termination"}
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("it went on without sshd:\n%s", out)
	}
	message, err := os.ReadFile(filepath.Join(dir, "termination"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(message), "no sshd") {
		t.Errorf("termination message is %q", message)
	}
}
