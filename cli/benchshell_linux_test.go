package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// desk is a program on a terminal of which nobody draws anything: what it
// writes is only searched.
type desk struct {
	b   *testing.B
	pty *os.File
	cmd *exec.Cmd

	mu      sync.Mutex // guards out
	out     []byte
	changed chan struct{} // capacity 1
}

// openAt runs a program on a pseudo-terminal of 120×40 until the benchmark ends.
func openAt(b *testing.B, env []string, argv ...string) *desk {
	b.Helper()
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it is ended below
	cmd.Env = env
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		b.Fatal(err)
	}
	d := &desk{b: b, pty: p, cmd: cmd, changed: make(chan struct{}, 1)}
	var reading sync.WaitGroup
	reading.Go(d.read)
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // its terminal goes too
		_ = cmd.Wait()
		_ = p.Close()
		reading.Wait()
	})
	return d
}

func (d *desk) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := d.pty.Read(buf)
		d.mu.Lock()
		if d.out = append(d.out, buf[:n]...); len(d.out) > 1<<20 {
			d.out = append([]byte(nil), d.out[len(d.out)-1<<16:]...)
		}
		d.mu.Unlock()
		wake(d.changed)
		if err != nil {
			return
		}
	}
}

// press types, after forgetting what was written before.
func (d *desk) press(keys string) {
	d.b.Helper()
	d.mu.Lock()
	d.out = nil
	d.mu.Unlock()
	if _, err := d.pty.WriteString(keys); err != nil {
		d.b.Fatal(err)
	}
}

// await returns when text was written since the last press.
func (d *desk) await(text string) {
	d.b.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	for {
		d.mu.Lock()
		found := bytes.Contains(d.out, []byte(text))
		tail := string(d.out[max(0, len(d.out)-500):])
		d.mu.Unlock()
		if found {
			return
		}
		select {
		case <-d.changed:
		case <-deadline.C:
			d.b.Fatalf("%q is not written: %q", text, tail)
		}
	}
}

// shellDesks opens the same shell twice: in the program, and with plain ssh.
func shellDesks(b *testing.B, namespace string) (ours, plain *desk) {
	b.Helper()
	bed := newBed(b, namespace)
	bed.want(exitOK, nil, "ssh-config", "install", "--yes")
	bed.want(exitOK, nil, "create", "api", "--wait")
	env := append(append([]string(nil), bed.env...), "TERM=xterm-256color")
	ours = openAt(b, env, bed.berth)
	ours.await("running")
	ours.press("\r")
	home := ""
	for _, e := range bed.env {
		if h, ok := strings.CutPrefix(e, "HOME="); ok {
			home = h
		}
	}
	plain = openAt(b, env, "ssh", "-tt", "-F", filepath.Join(home, ".ssh", "config"), "api."+namespace+".berth")
	for _, d := range []*desk{ours, plain} {
		d.await("workspace")
		d.press("PS1='rea''dy> '; stty -echoctl\r")
		d.await("ready>")
	}
	return ours, plain
}

// keySamples is how many keys are timed in a run.
const keySamples = 200

// BenchmarkShellEcho times a key: from the moment it is typed to the byte that
// the terminal is written. Plain ssh, on the same server, is the peer.
func BenchmarkShellEcho(b *testing.B) {
	ours, plain := shellDesks(b, "bench-echo")
	echo := func(d *desk) []time.Duration {
		d.press("cat >/dev/null\r")
		d.await("cat")
		var taken []time.Duration
		for range keySamples {
			<-time.After(20 * time.Millisecond) // the pace of fast typing
			begun := time.Now()
			d.press("&") // is in no escape sequence
			d.await("&")
			taken = append(taken, time.Since(begun))
		}
		d.press("\x03")
		return taken
	}
	for b.Loop() {
		mine, theirs := echo(ours), echo(plain)
		for _, share := range []float64{0.5, 0.95} {
			b.ReportMetric(percentile(mine, share), fmt.Sprintf("p%.0f-ms", share*100))
			b.ReportMetric(percentile(theirs, share), fmt.Sprintf("p%.0f-ms-ssh", share*100))
			b.ReportMetric(percentile(mine, share)-percentile(theirs, share), fmt.Sprintf("p%.0f-ms-more", share*100))
		}
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkShellCat prints 100 MB and watches how much memory the program needs
// for it.
func BenchmarkShellCat(b *testing.B) {
	ours, plain := shellDesks(b, "bench-cat")
	ours.press("yes 'the quick brown fox jumps over the lazy dog and back again, twice' | head -c 100000000 >big; echo ma''de\r")
	ours.await("made")
	for b.Loop() {
		took := func(d *desk) time.Duration {
			begun := time.Now()
			d.press("cat big; echo the-e''nd\r")
			d.await("the-end")
			return time.Since(begun)
		}
		pid := programOf(b, ours.cmd)
		before := memory(b, pid, "VmRSS")
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600); err != nil {
			b.Fatal(err) // it sets the peak to what is used now
		}
		mine := took(ours)
		b.ReportMetric(float64(memory(b, pid, "VmHWM")-before)/1024, "MB-more")
		theirs := took(plain)
		b.ReportMetric(mine.Seconds(), "s")
		b.ReportMetric(theirs.Seconds(), "s-ssh")
		b.ReportMetric(mine.Seconds()/theirs.Seconds(), "x-ssh")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkShellCtrlC stops yes and waits for the prompt.
func BenchmarkShellCtrlC(b *testing.B) {
	ours, plain := shellDesks(b, "bench-ctrlc")
	stop := func(d *desk) []time.Duration {
		var taken []time.Duration
		for range 10 {
			d.press("yes\r")
			<-time.After(time.Second)
			begun := time.Now()
			d.press("\x03")
			d.await("ready>")
			taken = append(taken, time.Since(begun))
		}
		return taken
	}
	for b.Loop() {
		mine, theirs := stop(ours), stop(plain)
		b.ReportMetric(percentile(mine, 0.5), "p50-ms")
		b.ReportMetric(percentile(mine, 1), "max-ms")
		b.ReportMetric(percentile(theirs, 0.5), "p50-ms-ssh")
		b.ReportMetric(percentile(theirs, 1), "max-ms-ssh")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkShellIdle opens twenty shells and does nothing.
func BenchmarkShellIdle(b *testing.B) {
	ours, _ := shellDesks(b, "bench-idle")
	for range 19 {
		ours.press("\x1dc")
		ours.await("api")
		<-time.After(200 * time.Millisecond)
	}
	<-time.After(3 * time.Second)
	for b.Loop() {
		const pause = 10 * time.Second
		pid := programOf(b, ours.cmd)
		before := cpuTime(b, pid)
		ours.mu.Lock()
		ours.out = nil
		ours.mu.Unlock()
		<-time.After(pause)
		ours.mu.Lock()
		written := len(ours.out)
		ours.mu.Unlock()
		b.ReportMetric(100*(cpuTime(b, pid)-before).Seconds()/pause.Seconds(), "%-of-a-core")
		b.ReportMetric(float64(written), "bytes-written")
		b.ReportMetric(float64(memory(b, pid, "VmRSS"))/1024, "MB")
	}
	b.ReportMetric(0, "ns/op")
}

// memory reads a line of a process's status, in kB.
func memory(b *testing.B, pid int, name string) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\n"+name+":")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// cpuTime is what a process has used.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, i := range []int{11, 12} { // utime and stime
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ
}
