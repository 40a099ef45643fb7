package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// started is a command that goes on until it is told to end.
type started struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // of standard error
	ended  chan error
	closed bool
}

// start runs berth beside the test.
func (b *bed) start(t *testing.T, args ...string) *started {
	t.Helper()
	cmd := b.command(context.Background(), args...)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &started{t: t, cmd: cmd, lines: make(chan string, 1000), ended: make(chan error, 1)}
	go func() {
		for in := bufio.NewScanner(errs); in.Scan(); {
			s.lines <- in.Text()
		}
		s.ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		if !s.closed {
			_ = cmd.Process.Kill()
			t.Log("forward was killed:", <-s.ended)
		}
	})
	return s
}

// says waits for a line with the words.
func (s *started) says(words string) string {
	s.t.Helper()
	var seen []string
	limit := time.After(time.Minute)
	for {
		select {
		case line := <-s.lines:
			if strings.Contains(line, words) {
				return line
			}
			seen = append(seen, line)
		case <-limit:
			s.t.Fatalf("no line with %q, but:\n%s", words, strings.Join(seen, "\n"))
		}
	}
}

// interrupt ends it as ctrl-c does, and returns its exit code.
func (s *started) interrupt() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		s.closed = true
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		s.t.Fatal("it does not end")
		return 0
	}
}

// echoPort answers on a port of this machine, which the sandbox's workspaces
// see as their own.
func echoPort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// echoed says something through a port and returns the answer.
func echoed(port int) (string, error) {
	conn, err := (&net.Dialer{Timeout: 20 * time.Second}).DialContext(context.Background(), "tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "hello"); err != nil {
		return "", err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return "", err
	}
	data, err := io.ReadAll(conn)
	return string(data), err
}

func TestForwardHealsAfterARestart(t *testing.T) {
	t.Parallel()
	b := newBed(t, "forward-heals")
	b.want(0, nil, "create", "api", "--wait")
	remote := echoPort(t)
	local := unusedPort(t)
	f := b.start(t, "forward", "api", fmt.Sprintf("%d:%d", local, remote), "-R", fmt.Sprintf("%d:%d", unusedPort(t), remote))
	f.says(fmt.Sprintf("localhost:%d → localhost:%d in api", local, remote))
	if got, err := echoed(local); err != nil || got != "hello" {
		t.Fatalf("answer %q, %v", got, err)
	}
	b.want(0, nil, "restart", "api", "--wait")
	f.says("connection to api lost")
	f.says("connected to api again")
	if got, err := echoed(local); err != nil || got != "hello" {
		t.Errorf("after the restart: %q, %v", got, err)
	}

	// The port is taken: by whom, and what is free.
	got := b.run("forward", "api", fmt.Sprintf("%d:%d", local, remote))
	if got.code != 6 || !strings.Contains(got.stderr, fmt.Sprintf("by berth (process %d)", f.cmd.Process.Pid)) || !strings.Contains(got.stderr, "is free: ") {
		t.Errorf("a port in use: %s", got.commandAndOutput)
	}
	if code := f.interrupt(); code != 130 {
		t.Errorf("interrupted, it ends with %d", code)
	}
	if got, err := echoed(local); err == nil {
		t.Errorf("the port still answers %q", got)
	}
}

func TestForwardRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := newBed(t, "forward-nonsense")
	b.want(2, []string{"what to forward is missing"}, "forward", "api")
	b.want(2, []string{"8080:3000"}, "forward", "api", "eighty")
	b.want(2, []string{"8000-8001"}, "forward", "api", "8000-8001:9000")
	b.want(3, []string{"not found"}, "forward", "nobody", "8080")
}

// unusedPort is a port that nobody listened on just now.
func unusedPort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
