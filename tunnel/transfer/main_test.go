//go:build unix

package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/berth-sh/berth/tunnel/transfer"
)

// far is a workspace: OpenSSH's sftp server on a folder, without the ssh.
type far struct {
	dir string
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// startFar starts a server until the test ends.
func startFar(t testing.TB, dir string) *far {
	t.Helper()
	server := ""
	for _, path := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/openssh/sftp-server"} {
		if _, err := os.Stat(path); err == nil {
			server = path
		}
	}
	if server == "" {
		t.Fatal("sftp-server is missing: scripts/setup")
	}
	f := &far{dir: dir, cmd: exec.CommandContext(context.Background(), server, "-e")}
	f.cmd.Dir = dir
	var err error
	if f.in, err = f.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if f.out, err = f.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.cmd.Process.Kill()
		_ = f.cmd.Wait() // it was killed: its status says nothing
	})
	return f
}

// client opens a conversation.
func (f *far) client(t testing.TB) *transfer.Client {
	t.Helper()
	c, err := transfer.Open(f.out, f.in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.cmd.Process.Kill(); _ = c.Close() })
	return c
}

// connect is a client of a new server on a folder.
func connect(t testing.TB, dir string) *transfer.Client {
	t.Helper()
	return startFar(t, dir).client(t)
}

// shell is a process's two ends.
type shell struct {
	io.Reader
	io.WriteCloser
	cmd *exec.Cmd
}

func (s shell) Close() error {
	_ = s.cmd.Process.Kill()
	return s.cmd.Wait()
}

// summer asks a shell in a folder for sums. It greets, as shells of people do.
func summer(t testing.TB, dir string) *transfer.Summer {
	t.Helper()
	s := transfer.NewSummer(func() (io.ReadWriteCloser, error) {
		cmd := exec.CommandContext(context.Background(), "sh", "-c", "echo welcome; exec sh")
		cmd.Dir = dir
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		return shell{out, in, cmd}, cmd.Start()
	})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// notes collects what was left out.
type notes struct {
	mu  sync.Mutex // guards all
	all []string
}

func (n *notes) hear(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, text)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, "\n")
}

// random is data that is like nothing else.
func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(data)
	return data
}

// write puts a file somewhere, with the folders above it.
func write(t testing.TB, path string, data []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// wantFile checks a file's content.
func wantFile(t testing.TB, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%s has %d other bytes, want %d", path, len(got), len(want))
	}
}

// listing names everything in a folder: mode, path, and content or target.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		text := ""
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			text, err = os.Readlink(path)
			text = "-> " + text
			info = linkInfo{info}
		case e.Type().IsRegular():
			data, readErr := os.ReadFile(path)
			err = readErr
			text = fmt.Sprintf("%d %x", len(data), sha256.Sum256(data))
		}
		fmt.Fprintf(&b, "%s %s %s\n", info.Mode(), name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// linkInfo hides a link's mode, which means nothing and differs between systems.
type linkInfo struct{ fs.FileInfo }

func (linkInfo) Mode() fs.FileMode { return fs.ModeSymlink }
