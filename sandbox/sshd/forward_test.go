package sshd_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// echoServer sends back what it gets, then ends; on a network of its choice.
func echoServer(t *testing.T, network, address string) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() { // ends with the listener
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn) // the test looks at what comes back
				_ = conn.Close()
			}()
		}
	}()
	return ln
}

// freePort finds a port; another process may take it, which fails the test.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().(*net.TCPAddr).Port
}

func TestForwarding(t *testing.T) {
	s := startServer(t)
	echo := echoServer(t, "tcp", "127.0.0.1:0").Addr().String()
	socket := filepath.Join(s.dir, "socket")
	echoServer(t, "unix", socket)
	local, remote, unix := freePort(t), freePort(t), freePort(t)
	client := s.ssh(t, "-N", "-o", "ExitOnForwardFailure=yes",
		"-L", fmt.Sprintf("%d:%s", local, echo),
		"-L", fmt.Sprintf("%d:%s", unix, socket),
		"-R", fmt.Sprintf("%d:%s", remote, echo), "ws")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = client.Process.Kill()
		_ = client.Wait()
	}()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for name, port := range map[string]int{"local": local, "remote": remote, "to a socket": unix} {
		t.Run(name, func(t *testing.T) {
			var conn net.Conn
			waitFor(t, "listening", func() (err error) {
				conn, err = new(net.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
				return err
			})
			defer func() { _ = conn.Close() }()
			go func() {
				_, _ = conn.Write(sent) // what is missing shows in what comes back
				_ = conn.(*net.TCPConn).CloseWrite()
			}()
			if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes of %d came back, %v", len(got), len(sent), err)
			}
		})
	}
}

func TestForwardingStaysOnLoopback(t *testing.T) {
	s := startServer(t)
	out, err := s.ssh(t, "-o", "LogLevel=INFO", "-W", "192.0.2.1:80", "ws").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "administratively prohibited") {
		t.Errorf("a forward to another machine: %v, %s", err, out)
	}
}

func TestAgentForwardingIsRefused(t *testing.T) {
	s := startServer(t)
	if out := run(t, s.ssh(t, "-A", "ws", "echo agent=$SSH_AUTH_SOCK")); out != "agent=\n" {
		t.Errorf("the agent reached the workspace: %q", out)
	}
}
