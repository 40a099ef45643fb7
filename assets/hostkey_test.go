package assets_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/assets"
)

// patience is far more than sshd needs; only a hang reaches it.
const patience = 30 * time.Second

// A running sshd shows a host key that was rotated, without a restart, and those
// who are logged in stay. The function of the entrypoint runs beside a real
// sshd; the files change as a kubelet changes those of a Secret.
func TestSSHDFollowsARotatedHostKey(t *testing.T) {
	t.Parallel()
	follow := regexp.MustCompile(`(?s)\nfollow_host_key\(\) \{\n.*?\n\}\n`).FindString(assets.Boot("restricted")["entrypoint.sh"])
	if follow == "" {
		t.Fatal("the entrypoint has no function follow_host_key")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	etc := t.TempDir()
	ssh := filepath.Join(etc, "ssh")
	if err := os.Mkdir(ssh, 0o700); err != nil {
		t.Fatal(err)
	}
	was := newKey(t, filepath.Join(ssh, "ssh_host_ed25519_key"))
	newKey(t, filepath.Join(ssh, "authorized_keys.key"))
	port := startSSHD(ctx, t, ssh)

	say := "say() { :; }\netc=" + etc
	watch := exec.CommandContext(ctx, "sh", "-c", say+follow+"follow_host_key "+fmt.Sprint(port.pid))
	watch.WaitDelay = time.Second
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = watch.Wait() }() // it was killed

	login := func(pin string, command string) *exec.Cmd {
		known := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(known, []byte("ws "+pin+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.CommandContext(ctx, "ssh", "-F", "none", "-i", filepath.Join(ssh, "authorized_keys.key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
			"-o", "HostKeyAlias=ws", "-o", "UserKnownHostsFile="+known, "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-p", port.number, "127.0.0.1", command)
	}
	open := login(was, "echo here; read -r word; echo still $word")
	in, out := pipes(t, open)
	if line := lineOf(t, out); line != "here" {
		t.Fatalf("before: %q", line)
	}
	now := newKey(t, filepath.Join(ssh, "new"))
	for _, half := range []string{"", ".pub"} {
		if err := os.Rename(filepath.Join(ssh, "new"+half), filepath.Join(ssh, "ssh_host_ed25519_key"+half)); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(patience)
	for {
		text, err := login(now, "echo after").CombinedOutput()
		if err == nil && string(text) == "after\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not show the new key: %v: %s", err, text)
		}
	}
	if text, err := login(was, "true").CombinedOutput(); err == nil || !strings.Contains(string(text), "Host key verification failed") {
		t.Errorf("the old key is still shown: %v: %s", err, text)
	}
	if _, err := io.WriteString(in, "logged-in\n"); err != nil {
		t.Fatal(err)
	}
	if line := lineOf(t, out); line != "still logged-in" {
		t.Errorf("the session says %q", line)
	}
	if err := open.Wait(); err != nil {
		t.Errorf("the session ended with %v", err)
	}
}

// newKey makes a key pair and gives its public line, without comment.
func newKey(t *testing.T, path string) string {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

type served struct {
	number string
	pid    int
}

// startSSHD runs sshd as the entrypoint does, with the keys of a folder.
func startSSHD(ctx context.Context, t *testing.T, dir string) served {
	t.Helper()
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, number, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "sshd_config")
	text := fmt.Sprintf("ListenAddress 127.0.0.1:%s\nHostKey %s/ssh_host_ed25519_key\nAuthorizedKeysFile %s/authorized_keys.key.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nAllowUsers %s\n",
		number, dir, dir, me.Username)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, "/usr/sbin/sshd", "-D", "-e", "-f", config)
	cmd.Stderr = &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("sshd: %v: scripts/setup", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("sshd:\n%s", log.String())
		}
	})
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+number)
		if err == nil {
			_ = conn.Close() // only to see that it listens
			return served{number, cmd.Process.Pid}
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func pipes(t *testing.T, cmd *exec.Cmd) (io.Writer, io.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// lineOf reads up to a line's end and not a byte more.
func lineOf(t *testing.T, r io.Reader) string {
	t.Helper()
	var line []byte
	for one := make([]byte, 1); ; {
		if _, err := r.Read(one); err != nil || one[0] == '\n' {
			return string(line)
		}
		line = append(line, one[0])
	}
}
