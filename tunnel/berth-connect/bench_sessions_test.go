package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// echoing is an ssh session that sends back what it is told.
type echoing struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

func (r route) echoing(b *testing.B) (*echoing, error) {
	cmd := r.ssh(b.Context(), aliasName, "cat")
	e := &echoing{cmd: cmd}
	var err error
	if e.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if e.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return e, e.key()
}

// key is one key press, from the keyboard to the screen.
func (e *echoing) key() error {
	key := []byte{'x'}
	if _, err := e.in.Write(key); err != nil {
		return err
	}
	_, err := io.ReadFull(e.out, key)
	return err
}

func (e *echoing) close() {
	_ = e.in.Close()
	_ = e.cmd.Wait() // it was ended: its status says nothing
}

// BenchmarkEcho measures a key press, and what each way adds to a direct
// connection, as a part of what proxytunnel adds. Use it with -benchtime 2000x.
func BenchmarkEcho(b *testing.B) {
	all := routes(b)
	sessions := make([]*echoing, len(all))
	for i, r := range all {
		e, err := r.echoing(b)
		if err != nil {
			b.Fatalf("%s: %v", r.name, err)
		}
		defer e.close()
		sessions[i] = e
	}
	took := make([][]time.Duration, len(all))
	b.ResetTimer()
	for round := range b.N {
		for i := range sessions {
			i = (i + round) % len(sessions)
			begun := time.Now()
			if err := sessions[i].key(); err != nil {
				b.Fatalf("%s: %v", all[i].name, err)
			}
			took[i] = append(took[i], time.Since(begun))
		}
	}
	b.StopTimer()
	b.ReportMetric(0, "ns/op") // the sum of all ways says nothing
	p50 := map[string]float64{}
	for i, r := range all {
		p50[r.name] = float64(median(took[i]).Microseconds())
		b.ReportMetric(p50[r.name], r.name+"-µs")
	}
	for _, name := range []string{"passed", "copied"} {
		b.ReportMetric((p50[name]-p50["direct"])/(p50["proxytunnel"]-p50["direct"]), name+"-adds/proxytunnel-adds")
	}
}

// sessionCount is how many people work at once.
const sessionCount = 200

// BenchmarkSessions holds many sessions at once, and counts the helpers that
// they need and their memory: their share of what they map (PSS). Linux only.
// Use it with -benchtime 1x.
func BenchmarkSessions(b *testing.B) {
	all := routes(b)
	b.ResetTimer()
	for range b.N {
		for _, r := range all[1:] {
			hold(b, r)
		}
	}
	b.ReportMetric(0, "ns/op") // the sum of all ways says nothing
}

// hold opens the sessions of one route, measures, and closes them.
func hold(b *testing.B, r route) {
	b.Helper()
	sessions, errs := make([]*echoing, sessionCount), make([]error, sessionCount)
	var opening sync.WaitGroup
	slots := make(chan struct{}, 8) // sshd turns away who comes in a crowd
	for i := range sessions {
		opening.Go(func() {
			slots <- struct{}{}
			sessions[i], errs[i] = r.echoing(b)
			<-slots
		})
	}
	opening.Wait()
	count, kib := 0, 0
	for i, e := range sessions {
		if errs[i] != nil {
			b.Errorf("%s: %v", r.name, errs[i])
			continue
		}
		for _, pid := range helpers(b, e.cmd.Process.Pid) {
			count, kib = count+1, kib+pss(b, pid)
		}
	}
	for i, e := range sessions {
		if errs[i] == nil {
			e.close()
		}
	}
	b.ReportMetric(float64(count), r.name+"-helpers")
	b.ReportMetric(float64(kib)/1024, r.name+"-MiB")
}

// pss is a process's share of the memory that it maps, in KiB.
func pss(b *testing.B, pid int) int {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.Atoi(strings.Fields(text)[0])
			if err != nil {
				b.Fatal(err)
			}
			return kib
		}
	}
	b.Fatalf("process %d has no Pss", pid)
	return 0
}
