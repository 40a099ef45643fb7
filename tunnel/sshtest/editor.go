package sshtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// editorPatience is far more than a session takes; only a hang reaches it.
const editorPatience = 60 * time.Second

// bootstrap is what an editor runs in the workspace: it says that it is there,
// sees to its folder, and stays until its input ends. Everything that it says
// stands between marks, because rc files may say something as well.
const bootstrap = `echo "MARK: running"
uname -s
mkdir -p "$1" && echo "MARK: folder"
command -v sh >/dev/null && echo "MARK: platform==$(uname -m)=="
echo "MARK: listening"
while read -r line; do
	case $line in
	ping*) echo "MARK: pong ${line#ping }" ;;
	quit) echo "MARK: bye"; exit 0 ;;
	esac
done
`

// EditorSession does over a config of ssh what Remote-SSH does: one
// `ssh -T -D PORT ALIAS sh` whose script comes over standard input, a
// connection through the SOCKS port, files by sftp beside it, and another
// command meanwhile. args come before the alias, such as -F and a file.
func EditorSession(t *testing.T, env []string, alias string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), editorPatience)
	defer cancel()
	run := func(name string, more ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, name, append(append([]string{}, args...), more...)...)
		cmd.Env, cmd.WaitDelay = env, 5*time.Second
		return cmd
	}
	_, port, err := net.SplitHostPort(freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := run("ssh", "-T", "-D", port, "-o", "ConnectTimeout=15", "-o", "ExitOnForwardFailure=yes", alias, "sh -s -- .berth-editor-test")
	s := startMarked(t, cmd)
	s.say(bootstrap)
	for _, mark := range []string{"running", "folder", "platform==", "listening"} {
		s.hear(mark)
	}
	throughSOCKS(ctx, t, "127.0.0.1:"+port)
	transferBeside(t, run, alias)
	if out, err := run("ssh", "-T", alias, "echo beside").Output(); err != nil || strings.TrimSpace(string(out)) != "beside" {
		t.Errorf("another command meanwhile: %q, %v", out, err)
	}
	s.say("ping " + strings.Repeat("x", 4000) + "\n")
	s.hear("pong " + strings.Repeat("x", 4000))
	s.say("quit\n")
	s.hear("bye")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the session ended with %v: %s", err, s.errs.String())
	}
}

// marked is a running session that is spoken to in lines.
type marked struct {
	t    *testing.T
	in   io.Writer
	out  *bufio.Reader
	errs *bytes.Buffer
}

func startMarked(t *testing.T, cmd *exec.Cmd) *marked {
	t.Helper()
	s := &marked{t: t, errs: &bytes.Buffer{}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = s.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	return s
}

func (s *marked) say(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, text); err != nil {
		s.t.Fatalf("the session does not listen: %v: %s", err, s.errs.String())
	}
}

// hear reads up to the line with the mark.
func (s *marked) hear(mark string) {
	s.t.Helper()
	for {
		line, err := s.out.ReadString('\n')
		if strings.HasPrefix(line, "MARK: "+mark) {
			return
		}
		if err != nil {
			s.t.Fatalf("waiting for %.40q: %v: %s", mark, err, s.errs.String())
		}
	}
}

// throughSOCKS sends a megabyte to an echo server at the workspace's end and
// compares what comes back.
func throughSOCKS(ctx context.Context, t *testing.T, proxy string) {
	t.Helper()
	echo := Listen(t, nil, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	host, text, err := net.SplitHostPort(echo.Addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // everything came back, or the test has failed
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	hello := append([]byte{5, 1, 0, 5, 1, 0, 3, byte(len(host))}, host...)
	hello = binary.BigEndian.AppendUint16(hello, uint16(port))
	if _, err := conn.Write(hello); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 2+10) // both answers; the second with an IPv4 address
	if _, err := io.ReadFull(conn, answer); err != nil || answer[1] != 0 || answer[3] != 0 {
		t.Fatalf("the SOCKS port answers %v, %v", answer, err)
	}
	sent := make([]byte, 1<<20)
	_, _ = rand.Read(sent) // it never fails
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("what came back through the SOCKS port differs: %v", err)
	}
}

// transferBeside puts a file and gets it again, by another connection.
func transferBeside(t *testing.T, run func(string, ...string) *exec.Cmd, alias string) {
	t.Helper()
	dir := t.TempDir()
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data)
	there, here := filepath.Join(dir, "there"), filepath.Join(dir, "here")
	if err := os.WriteFile(there, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := run("sftp", "-q", "-b", "-", alias)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("put %s .berth-editor-test/server\nget .berth-editor-test/server %s\nrm .berth-editor-test/server\nrmdir .berth-editor-test\n", there, here))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sftp: %v: %s", err, out)
	}
	got, err := os.ReadFile(here)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
		t.Errorf("the file came back with %d bytes of %d, %v", len(got), len(data), err)
	}
}
