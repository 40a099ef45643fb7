package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// listenError is what the forwarder itself says of forwards that it cannot
// have.
func listenError(t *testing.T, specs ...string) (*tunnel.ListenError, []tunnel.Forward) {
	t.Helper()
	forwards, err := forwardOptions{local: specs}.parse()
	if err != nil {
		t.Fatal(err)
	}
	err = tunnel.Forwarder{
		Dial:     func(context.Context) (*tunnel.Client, error) { return nil, errors.New("dialled") },
		Forwards: forwards, Tell: func(tunnel.ForwardEvent) {},
	}.Run(t.Context())
	var busy *tunnel.ListenError
	if !errors.As(err, &busy) {
		t.Fatalf("forwarding %q: %v", specs, err)
	}
	return busy, forwards
}

func TestABusyPortIsExplained(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"IPv4": "127.0.0.1:0", "all addresses": ":0", "IPv6": "[::1]:0"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		taken := l.Addr().(*net.TCPAddr).Port
		busy, forwards := listenError(t, fmt.Sprintf("%d-%d:9000-9003", taken, taken+3))
		err = explainBusy(t.Context(), busy, forwards)
		_ = l.Close() // it was in the way
		if exitCode(t.Context(), err) != exitConflict || !strings.Contains(err.Error(), fmt.Sprintf("localhost:%d", taken)) {
			t.Errorf("%s: exit code %d, %v", name, exitCode(t.Context(), err), err)
		}
		if owner := fmt.Sprintf("by %s (process %d)", filepath.Base(os.Args[0]), os.Getpid()); runtime.GOOS == "linux" && !strings.Contains(err.Error(), owner) {
			t.Errorf("%s: no %q in %v", name, owner, err)
		}
		// One of the range would be taken twice.
		hint := workspace.HintOf(err)
		_, spec, _ := strings.Cut(hint, "is free: ")
		port, target, _ := strings.Cut(spec, ":")
		if n, _ := strconv.Atoi(port); n <= taken+3 || target != "9000" {
			t.Errorf("%s: hint %q for the range from %d", name, hint, taken)
		}
	}
}

func TestABusySocketIsExplained(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	busy, forwards := listenError(t, socket+":/run/far.sock")
	err = explainBusy(t.Context(), busy, forwards)
	if exitCode(t.Context(), err) != exitConflict || !strings.Contains(err.Error(), socket) || workspace.HintOf(err) != "remove the socket if nothing uses it: rm "+socket {
		t.Errorf("%v, hint %q", err, workspace.HintOf(err))
	}
}

// Root may listen everywhere, so the refusal is made here.
func TestAPortThatIsTheSystemsIsExplained(t *testing.T) {
	t.Parallel()
	forwards, err := forwardOptions{local: []string{"80:3000"}}.parse()
	if err != nil {
		t.Fatal(err)
	}
	err = explainBusy(t.Context(), &tunnel.ListenError{Forward: forwards[0], Err: os.NewSyscallError("bind", syscall.EACCES)}, forwards)
	if exitCode(t.Context(), err) == exitConflict || !strings.Contains(workspace.HintOf(err), " is free: 8") || !strings.HasSuffix(workspace.HintOf(err), ":3000") {
		t.Errorf("exit code %d, %v, hint %q", exitCode(t.Context(), err), err, workspace.HintOf(err))
	}
}
