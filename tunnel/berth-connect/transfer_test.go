package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// transferSize is that of each transferred file, in bytes: many times what
// every buffer and window on the way holds.
const transferSize = 20_000_000

// TestTransfersAreExactBothWays moves a file there and back with every tool
// that people copy files with.
func TestTransfersAreExactBothWays(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server, "")
	data := make([]byte, transferSize)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(data)
	local := filepath.Join(m.home, "local")
	if err := os.WriteFile(local, data, 0o600); err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(data)
	// What copies from to to, one of which is on the other side.
	for name, copying := range map[string]func(from, to string) error{
		"sftp": func(from, to string) error {
			batch := "get " + strings.TrimPrefix(from, aliasName+":") + " " + to
			if path, up := strings.CutPrefix(to, aliasName+":"); up {
				batch = "put " + from + " " + path
			}
			cmd := m.command(t.Context(), "sftp", "-q", "-b", "-", "-F", m.config, aliasName)
			cmd.Stdin = strings.NewReader(batch + "\n")
			return told(cmd.CombinedOutput())
		},
		"scp over sftp": func(from, to string) error {
			return told(m.command(t.Context(), "scp", "-q", "-s", "-F", m.config, from, to).CombinedOutput())
		},
		"scp of old": func(from, to string) error {
			return told(m.command(t.Context(), "scp", "-q", "-O", "-F", m.config, from, to).CombinedOutput())
		},
		"rsync": func(from, to string) error {
			return told(m.command(t.Context(), "rsync", "-e", "ssh -F "+m.config, from, to).CombinedOutput())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
			if err := copying(local, aliasName+":"+there); err != nil {
				t.Fatalf("sending: %v", err)
			}
			requireSum(t, there, want)
			if err := copying(aliasName+":"+there, back); err != nil {
				t.Fatalf("fetching: %v", err)
			}
			requireSum(t, back, want)
		})
	}
}

// told adds what a program said to its error.
func told(out []byte, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func requireSum(t *testing.T, path string, want [32]byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || sha256.Sum256(data) != want {
		t.Errorf("%s: %d bytes of %d, or others; error %v", filepath.Base(path), len(data), transferSize, err)
	}
}

// TestAnswersAfterTheEndOfInputArrive talks to a gateway that drops what it
// still has for us once our side has finished, as those of HTTP/1 do.
func TestAnswersAfterTheEndOfInputArrive(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		if sshtest.ReadRequest(conn) == nil {
			return
		}
		_, _ = conn.Write([]byte(established))
		question := make([]byte, 8)
		_, _ = conn.Read(question)
		close(asked)
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := conn.Read(question); os.IsTimeout(err) { // our side is still there
			_, _ = conn.Write([]byte("answer"))
		}
	})
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, nil, "")
	cmd := m.command(t.Context(), "berth-connect", aliasName)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(stdin, "question")
	<-asked
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil || out.String() != "answer" {
		t.Errorf("output %q, error %v", &out, err)
	}
}
