package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// A stage is a moment in the life of a connection at which something may be
// killed.
type stage struct {
	file    alias.File
	pass    bool          // with ProxyUseFdpass
	reached chan struct{} // takes one value when the connection is there
	gone    chan struct{} // takes one value when the far end has seen its end
}

// stages are all of them, by name.
func stages(t *testing.T, server *sshtest.Server) map[string]*stage {
	t.Helper()
	ca := sshtest.NewCA(t)
	config := ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour))
	out := map[string]*stage{}
	add := func(name string, f alias.File, config *tls.Config, handle func(*stage, net.Conn)) *stage {
		s := &stage{file: f, reached: make(chan struct{}, 1), gone: make(chan struct{}, 1)}
		gateway := sshtest.Listen(t, config, func(conn net.Conn) { handle(s, conn) })
		s.file.Transport, s.file.Authority = alias.Gateway, authority
		if s.file.Address == "" {
			s.file.Address = gateway.Addr
		}
		if s.file.Proxy != "" {
			s.file.Proxy += gateway.Addr
		}
		out[name] = s
		return s
	}
	hang := func(s *stage, conn net.Conn) {
		s.reached <- struct{}{}
		_, _ = io.Copy(io.Discard, conn)
		s.gone <- struct{}{}
	}
	asked := func(s *stage, conn net.Conn) {
		if sshtest.ReadRequest(conn) != nil {
			hang(s, conn)
		}
	}
	joined := func(s *stage, conn net.Conn) {
		if sshtest.ReadRequest(conn) == nil {
			return
		}
		far, err := new(net.Dialer).DialContext(context.Background(), "tcp", server.Addr)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, established)
		sshtest.Join(conn, far)
		s.gone <- struct{}{}
	}
	add("proxy", alias.File{Address: "ssh.example.com:443", Proxy: "http://"}, nil, asked)
	add("socks", alias.File{Address: "ssh.example.com:443", Proxy: "socks5://"}, nil, hang)
	add("tls", alias.File{TLS: true}, nil, hang)
	add("answer", alias.File{}, nil, asked)
	add("answer, passing", alias.File{}, nil, asked).pass = true
	add("session", alias.File{}, nil, joined)
	add("session, passed", alias.File{}, nil, joined).pass = true
	add("session, tls", alias.File{TLS: true, ServerName: "*", CA: ca.File}, config, joined)
	add("session, beside ssh", alias.File{TLS: true, ServerName: "*", CA: ca.File}, config, joined).pass = true
	return out
}

// begin starts ssh and returns once the stage is reached.
func (s *stage) begin(t *testing.T, server *sshtest.Server) *exec.Cmd {
	t.Helper()
	m := newMachine(t, s.file, server, "")
	if s.pass {
		m = passing(t, s.file, server)
	}
	cmd := m.ssh(t.Context(), aliasName, "echo up; cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		if n, _ := io.ReadFull(stdout, make([]byte, 3)); n == 3 {
			s.reached <- struct{}{}
		}
	}()
	await(t, s.reached, "the stage is reached")
	return cmd
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(bound):
		t.Fatalf("not within %s: %s", bound, what)
	}
}

// helpers are the processes that ssh has.
func helpers(t testing.TB, ssh int) []int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-o", "pid=", "--ppid", strconv.Itoa(ssh)).Output()
	if err != nil && exitCode(err) != 1 {
		t.Fatal(err)
	}
	var pids []int
	for _, text := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// waited is cmd's end.
func waited(cmd *exec.Cmd) <-chan struct{} {
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	return done
}

// Whatever the helper was at, ssh ends and the gateway hears of it.
func TestHelperKilled(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, s := range stages(t, server) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := s.begin(t, server)
			pids := helpers(t, cmd.Process.Pid)
			if none := strings.HasSuffix(name, "passed") || strings.HasSuffix(name, "beside ssh"); (len(pids) == 0) != none {
				t.Fatalf("ssh has %d helpers", len(pids))
			}
			if len(pids) == 0 {
				return // there is none to kill
			}
			for _, pid := range pids {
				kill(t, pid)
			}
			await(t, s.gone, "the gateway hears of it")
			await(t, waited(cmd), "ssh ends")
			if code := cmd.ProcessState.ExitCode(); code != 255 {
				t.Errorf("ssh ended with %d", code)
			}
		})
	}
}

// When ssh is killed, nothing of ours stays.
func TestSSHKilled(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, s := range stages(t, server) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := s.begin(t, server)
			pids := helpers(t, cmd.Process.Pid)
			kill(t, cmd.Process.Pid)
			await(t, waited(cmd), "ssh ends")
			await(t, s.gone, "the gateway hears of it")
			for _, pid := range pids {
				awaitGone(t, pid)
			}
		})
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// awaitGone waits until a process is there no more, or only waits to be looked
// at by whoever inherits it.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(bound)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		out, _ := exec.CommandContext(t.Context(), "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		if state := strings.TrimSpace(string(out)); state == "" || state[0] == 'Z' {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}
