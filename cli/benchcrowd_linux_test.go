package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/kube"
)

// crowdSize is how many workspaces the measures of the list have; the variable
// BERTH_BENCH_CROWD is another number.
func crowdSize(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("BERTH_BENCH_CROWD"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 10_000
}

// BenchmarkCrowd opens the program on very many workspaces: when the first
// rows and when all are there, what it takes to have them, and what it costs
// to look at them while nothing and while much happens.
func BenchmarkCrowd(b *testing.B) {
	c := newCrowd(b, crowdSize(b))
	for name, measure := range map[string]func(*testing.B){"open": c.openings, "look": c.looking, "keys": c.keys} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measure(b)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// openings measures the start of the program, again and again.
func (c *crowd) openings(b *testing.B) {
	var first, all []time.Duration
	for range 5 {
		begun := time.Now()
		g := openGlass(b, c.bed)
		g.await(b, crowdName(0))
		first = append(first, time.Since(begun))
		g.await(b, fmt.Sprintf("%d workspaces", c.size))
		all = append(all, time.Since(begun))
		g.close()
	}
	b.ReportMetric(percentile(first, 0.5), "first-rows-ms")
	b.ReportMetric(percentile(all, 0.5), "all-rows-ms")
}

// looking measures an open program. Ages turn at whole minutes, so idling begins
// behind one: ten seconds in which nothing should be written, and the minute to
// behind the next turn, in which one frame should be. Processor time is that of
// the minute: collecting garbage once takes what ten seconds may. The minute
// before is for what the program has found out meanwhile, as that the first row's
// route fails: an age under a minute turns every ten seconds.
func (c *crowd) looking(b *testing.B) {
	const pause = 10 * time.Second
	d := openAt(b, append(c.bed.env, "TERM=xterm-256color"), c.bed.berth)
	d.await(crowdName(0))
	pid := programOf(b, d.cmd)
	comeToRest(b, pid) // the first time it writes an alias file for each
	share := func(during func()) float64 {
		before, begun := cpuTime(b, pid), time.Now()
		d.press("")
		during()
		return 100 * (cpuTime(b, pid) - before).Seconds() / time.Since(begun).Seconds()
	}
	written := func() float64 {
		d.mu.Lock()
		defer d.mu.Unlock()
		return float64(len(d.out))
	}
	behindTurn := func() <-chan time.Time {
		return time.After(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + time.Second)))
	}
	<-behindTurn()
	<-behindTurn()
	idle := share(func() {
		<-time.After(pause)
		b.ReportMetric(written(), "idle-bytes")
		<-behindTurn()
	})
	b.ReportMetric(written(), "idle-bytes/min")
	b.ReportMetric(idle, "idle-%-of-a-core")
	b.ReportMetric(float64(memory(b, pid, "VmRSS"))/1024, "MiB")
	b.ReportMetric(float64(memory(b, pid, "VmHWM"))/1024, "MiB-at-most")
	changes := 0
	busy := share(func() {
		ctx, cancel := context.WithTimeout(b.Context(), pause)
		defer cancel()
		changes = c.change(ctx, 200)
	})
	b.ReportMetric(busy, "busy-%-of-a-core")
	b.ReportMetric(float64(changes)/pause.Seconds(), "changes/s")
	b.ReportMetric(float64(memory(b, pid, "VmRSS"))/1024, "MiB-busy")
}

// comeToRest waits until a process does next to nothing for three seconds.
func comeToRest(b *testing.B, pid int) {
	for range 60 {
		before := cpuTime(b, pid)
		<-time.After(3 * time.Second)
		if cpuTime(b, pid)-before < 150*time.Millisecond {
			return
		}
	}
	b.Fatal("the program does not come to rest")
}

// keys measures a key until the frame that shows it, inside this process, while
// two hundred workspaces a second change.
func (c *crowd) keys(b *testing.B) {
	client, err := kube.New(kube.Options{Kubeconfig: c.kubeconfig})
	if err != nil {
		b.Fatal(err)
	}
	watcher := kube.NewWatcher(client.Interface(), kube.WatchConfig{Namespace: c.bed.namespace})
	ctx, cancel := context.WithCancel(b.Context())
	var working sync.WaitGroup
	begun := time.Now()
	working.Go(func() { _ = watcher.Run(ctx) })
	defer working.Wait()
	defer cancel()
	l := newLoop(b, watcher)
	l.until(func() bool { s, _ := watcher.Snapshot(); return len(s.Workspaces) == c.size })
	b.ReportMetric(time.Since(begun).Seconds(), "listed-s")
	c.stepBack()
	busy, enough := context.WithCancel(ctx)
	working.Go(func() { c.change(busy, 200) })
	took := l.keys(500, 20*time.Millisecond)
	enough()
	b.ReportMetric(percentile(took, 0.5), "key-p50-ms")
	b.ReportMetric(percentile(took, 0.9), "key-p90-ms")
	b.ReportMetric(percentile(took, 0.99), "key-p99-ms")
}
