//go:build unix

package cli

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/workspace"
)

// screenSamples is how many status changes are timed in a run.
const screenSamples = 100

// glass is the program's screen as a terminal has it, kept cell by cell while
// the program writes.
type glass struct {
	mu      sync.Mutex // guards emu
	emu     *vt.Emulator
	changed chan struct{} // capacity 1
	close   func()        // ends the program
}

// openGlass runs the program on a pseudo-terminal until the benchmark ends.
func openGlass(b *testing.B, bed *bed) *glass {
	b.Helper()
	p, tty, err := pty.Open()
	if err != nil {
		b.Fatal(err)
	}
	if err := pty.Setsize(p, &pty.Winsize{Rows: 30, Cols: 120}); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(bed.berth) //nolint:noctx // it is ended below, by its terminal
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = bed.env, tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	g := &glass{emu: vt.NewEmulator(120, 30), changed: make(chan struct{}, 1)}
	var running sync.WaitGroup
	running.Go(func() { g.follow(p) })
	running.Go(func() { g.answer() })
	g.close = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // it has nothing to put away: the terminal goes too
		_ = cmd.Wait()
		_ = tty.Close()
		_ = p.Close()
		if w, ok := g.emu.InputPipe().(interface{ CloseWithError(error) error }); ok {
			_ = w.CloseWithError(os.ErrClosed)
		}
		running.Wait()
	})
	b.Cleanup(g.close)
	return g
}

// follow puts what the program writes on the screen.
func (g *glass) follow(p *os.File) {
	buf := make([]byte, 32<<10)
	for {
		n, err := p.Read(buf)
		g.mu.Lock()
		_, _ = g.emu.Write(buf[:n]) // an emulator takes everything
		g.mu.Unlock()
		wake(g.changed)
		if err != nil {
			return
		}
	}
}

// answer drops the emulator's replies to queries, which would block it.
func (g *glass) answer() {
	buf := make([]byte, 1024)
	for {
		if _, err := g.emu.Read(buf); err != nil {
			return
		}
	}
}

// await returns when the screen shows text.
func (g *glass) await(b *testing.B, text string) {
	b.Helper()
	deadline := time.NewTimer(screenTimeout)
	defer deadline.Stop()
	for {
		g.mu.Lock()
		shown := g.emu.String()
		g.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		select {
		case <-g.changed:
		case <-deadline.C:
			b.Fatalf("the screen does not show %q:\n%s", text, shown)
		}
	}
}

// setReady writes the readiness of a pod as its node would.
func (b *bed) setReady(ctx context.Context, pod string, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []map[string]any{
		{"type": "Ready", "status": status, "lastTransitionTime": metav1.Now()},
	}}})
	if err != nil {
		return err
	}
	_, err = b.api.CoreV1().Pods(b.namespace).Patch(ctx, pod, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// percentile gives a share of the samples in milliseconds.
func percentile(samples []time.Duration, share float64) float64 {
	slices.Sort(samples)
	return float64(samples[int(share*float64(len(samples)-1))].Microseconds()) / 1000
}

// BenchmarkScreen times a change of a pod's status: from the moment before the
// request that makes it to the cells of the real program's screen. How much of
// it the request itself took is told beside it.
func BenchmarkScreen(b *testing.B) {
	bed := newBed(b, "bench-screen")
	bed.want(exitOK, nil, "create", "api", "--wait")
	g := openGlass(b, bed)
	g.await(b, "● running")
	pods, err := bed.api.CoreV1().Pods(bed.namespace).List(b.Context(), metav1.ListOptions{LabelSelector: workspace.LabelWorkspace + "=api"})
	if err != nil || len(pods.Items) != 1 {
		b.Fatalf("the workspace's pod: %v, %v", pods, err)
	}
	var taken, asked []time.Duration
	for b.Loop() {
		for i := range screenSamples {
			ready, shows := i%2 == 1, "starting · waiting for ssh"
			if ready {
				shows = "● running"
			}
			begun := time.Now()
			if err := bed.setReady(b.Context(), pods.Items[0].Name, ready); err != nil {
				b.Fatal(err)
			}
			asked = append(asked, time.Since(begun))
			g.await(b, shows)
			taken = append(taken, time.Since(begun))
		}
	}
	b.ReportMetric(percentile(taken, 0.5), "p50-ms")
	b.ReportMetric(percentile(taken, 0.95), "p95-ms")
	b.ReportMetric(percentile(asked, 0.5), "p50-ms-of-the-request")
	b.ReportMetric(percentile(asked, 0.95), "p95-ms-of-the-request")
	b.ReportMetric(float64(len(taken)), "samples")
	b.ReportMetric(0, "ns/op") // the whole loop's time says nothing
}
