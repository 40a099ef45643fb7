package sshd_test

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bulkSize is enough to fill every window and buffer on the way many times.
const bulkSize = 50 << 20

// bulk returns bytes that no text mode survives.
func bulk(t *testing.T) (path string, data []byte) {
	t.Helper()
	data = make([]byte, bulkSize)
	source := rand.NewChaCha8([32]byte{1})
	if _, err := source.Read(data); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "bulk")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

func sameBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Errorf("%s: %d bytes that differ from the %d sent", what, len(got), len(want))
	}
}

func TestTransfersAreBinaryClean(t *testing.T) {
	s := startServer(t)
	path, data := bulk(t)
	read := func(name string) []byte {
		got, err := os.ReadFile(filepath.Join(s.home, name))
		if err != nil {
			t.Error(err)
		}
		return got
	}
	t.Run("through a command", func(t *testing.T) {
		cmd := s.ssh(t, "ws", "cat")
		cmd.Stdin = bytes.NewReader(data)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, "cat", out, data)
	})
	t.Run("scp", func(t *testing.T) {
		run(t, exec.CommandContext(t.Context(), "scp", "-q", "-F", s.config, path, "ws:by-scp"))
		sameBytes(t, "there", read("by-scp"), data)
		back := filepath.Join(t.TempDir(), "back")
		run(t, exec.CommandContext(t.Context(), "scp", "-q", "-F", s.config, "ws:by-scp", back))
		got, err := os.ReadFile(back)
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, "and back", got, data)
	})
	t.Run("old scp", func(t *testing.T) {
		run(t, exec.CommandContext(t.Context(), "scp", "-O", "-q", "-F", s.config, path, "ws:by-old-scp"))
		sameBytes(t, "there", read("by-old-scp"), data)
	})
	t.Run("rsync", func(t *testing.T) {
		run(t, exec.CommandContext(t.Context(), "rsync", "-a", "-e", "ssh -F "+s.config, path, "ws:by-rsync"))
		sameBytes(t, "there", read("by-rsync"), data)
	})
	t.Run("sftp", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), "sftp", "-q", "-F", s.config, "-b", "-", "ws")
		cmd.Stdin = strings.NewReader("pwd\nmkdir d\ncd d\nput " + path + " by-sftp\nrename by-sftp moved\nls\n")
		out := run(t, cmd)
		if !strings.Contains(out, "Remote working directory: "+s.home+"\n") {
			t.Errorf("sftp does not start in home:\n%s", out)
		}
		sameBytes(t, "there", read("d/moved"), data)
	})
}
