//go:build !windows

package cli

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestTheProgramNoticesAServerThatHangs stops an API server below an open
// program, without closing its connections.
func TestTheProgramNoticesAServerThatHangs(t *testing.T) {
	dir, kubeconfig := ownSandbox(t)
	_, bin := testCluster(t)
	b := bedOn(t, kubeconfig, bin, "hangs")
	b.want(exitOK, nil, "create", "api", "--wait")
	s := openScreen(t, 100, 30, b.env, b.berth)
	s.waitFor("● running")
	server, err := os.FindProcess(apiServer(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	t.Cleanup(func() { _ = server.Signal(syscall.SIGCONT) }) // as below, for a test that fails
	s.waitFor("stale", "● running")
	t.Logf("stale %v after the API server hung", time.Since(stopped).Round(100*time.Millisecond))
	if took := time.Since(stopped); took > 20*time.Second {
		t.Errorf("a server that hangs is noticed after %v", took)
	}
	if err := server.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.waitGone("stale")
	s.keys("q")
	s.waitFor("ended with 0")
}
