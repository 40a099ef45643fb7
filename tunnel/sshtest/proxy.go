package sshtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Tinyproxy runs tinyproxy until the test ends and returns its address. A user
// other than "" has to log in.
func Tinyproxy(t testing.TB, user, password string) string {
	t.Helper()
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	config := "Listen 127.0.0.1\nPort " + port + "\nTimeout 600\n"
	if user != "" {
		config += fmt.Sprintf("BasicAuth %s %s\n", user, password)
	}
	path := filepath.Join(t.TempDir(), "tinyproxy.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, addr, "tinyproxy", "-d", "-c", path)
	return addr
}

// Microsocks runs microsocks, a SOCKS 5 proxy, until the test ends and returns
// its address. A user other than "" has to log in.
func Microsocks(t testing.TB, user, password string) string {
	t.Helper()
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	args := []string{"-i", "127.0.0.1", "-p", port}
	if user != "" {
		args = append(args, "-u", user, "-P", password)
	}
	serve(t, addr, "microsocks", args...)
	return addr
}

// serve runs a program until the test ends, and returns once it listens.
func serve(t testing.TB, addr, name string, args ...string) {
	t.Helper()
	log := &lockedBuffer{}
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: its status says nothing
		if t.Failed() {
			t.Logf("%s says:\n%s", name, log)
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err == nil {
			tick.Stop()
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v\n%s", name, err, log)
		}
	}
}
