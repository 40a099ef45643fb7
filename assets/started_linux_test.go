package assets_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/assets"
)

// The startup probe goes on until somebody listens, and no longer.
func TestStartedWaitsForTheListener(t *testing.T) {
	listen := func(port int) (net.Listener, error) {
		return new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	}
	l, err := listen(0)
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	script := strings.Replace(assets.Boot("standard")["started.sh"], ":08AE", fmt.Sprintf(":%04X", port), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := exec.CommandContext(ctx, "sh", "-c", script).Run(); ctx.Err() == nil {
		t.Fatalf("it returns %v while nobody listens", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- exec.CommandContext(t.Context(), "sh", "-c", script).Run() }()
	if l, err = listen(port); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not see the listener")
	}
}
