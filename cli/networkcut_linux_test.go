package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// inNamespace runs the calling test again, as a process in a network namespace
// of its own, whose network it may cut. It returns "" there, and what that
// process has printed in the one that was started first.
func inNamespace(t testing.TB, args ...string) (output string) {
	t.Helper()
	const mark = "BERTH_TEST_NAMESPACE"
	if os.Getenv(mark) != "" {
		link(t, "up")
		return ""
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), mark+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a namespace: %v\n%s", err, out)
	}
	return string(out)
}

// link takes the namespace's only network away, or gives it back.
func link(t testing.TB, state string) {
	t.Helper()
	if out, err := exec.CommandContext(context.Background(), "ip", "link", "set", "lo", state).CombinedOutput(); err != nil {
		t.Fatalf("ip link set lo %s: %v: %s", state, err, out)
	}
}

// startBare is startFar without anything between the shell and its server: the
// connection that is cut is the one that was tuned to outlive it.
func startBare(t testing.TB) *far {
	t.Helper()
	f := &far{t: t, server: sshtest.Start(t)}
	f.panes = &paneShells{names: map[shellID]string{}}
	f.panes.lanes = newLanes(func(context.Context, workspace.Workspace, func(error)) (tunnel.Config, error) {
		return tunnel.Config{
			Dial: tunnel.ForAlias(alias.File{Transport: alias.Direct, Address: f.server.Addr}, nil, nil),
			User: f.server.User, HostKey: f.server.HostKey, Keys: tunnel.Keys{Files: []string{f.server.KeyFile}},
		}, nil
	})
	t.Cleanup(f.panes.wait)
	return f
}

func TestAShellOutlivesACutNetwork(t *testing.T) {
	if out := inNamespace(t, "-test.run=^TestAShellOutlivesACutNetwork$", "-test.v"); out != "" {
		return
	}
	f := startBare(t)
	tab := f.open(f.panes, 1)
	tab.run("kept=something; echo a-$((1+1))")
	tab.sees("a-2")
	link(t, "down")
	tab.run("echo b-$kept")
	tab.until("the stall to be seen", func() bool { return tab.Status().Stalled })
	link(t, "up")
	tab.sees("b-something")
	tab.until("the stall to end", func() bool { return !tab.Status().Stalled })
}

// BenchmarkShellCut takes the network away for half a minute, and times how
// long a shell takes to go on afterwards. Plain ssh is the peer.
func BenchmarkShellCut(b *testing.B) {
	if out := inNamespace(b, "-test.run=^$", "-test.bench=^BenchmarkShellCut$", "-test.benchtime=1x"); out != "" {
		takeOver(b, out)
		return
	}
	f := startBare(b)
	tab := f.open(f.panes, 1)
	host, port, _ := strings.Cut(f.server.Addr, ":")
	plain := openAt(b, os.Environ(), "ssh", "-tt", "-F", "none", "-i", f.server.KeyFile, "-p", port, "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", f.server.User+"@"+host)
	plain.await("Permanently added")
	for b.Loop() {
		tab.run("echo before-$((1+1))")
		tab.sees("before-2")
		plain.press("echo before-$((1+1))\r")
		plain.await("before-2")
		link(b, "down")
		tab.run("echo after-$((1+1))")
		plain.press("echo after-$((1+1))\r")
		<-time.After(30 * time.Second)
		link(b, "up")
		begun := time.Now()
		theirs := make(chan time.Duration, 1)
		go func() {
			plain.await("after-2")
			theirs <- time.Since(begun)
		}()
		tab.sees("after-2")
		b.ReportMetric(time.Since(begun).Seconds(), "s")
		b.ReportMetric((<-theirs).Seconds(), "s-ssh")
	}
	b.ReportMetric(0, "ns/op")
}

// takeOver takes the measures over that a benchmark has printed elsewhere.
func takeOver(b *testing.B, out string) {
	b.Helper()
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], b.Name()) {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				b.ReportMetric(v, fields[i+1])
			}
		}
		b.ReportMetric(0, "ns/op")
		return
	}
	b.Fatal(fmt.Errorf("no measures in:\n%s", out))
}
