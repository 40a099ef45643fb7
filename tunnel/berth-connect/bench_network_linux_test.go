//go:build realnode

package main

import (
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
)

// BenchmarkNetworkShell measures `ssh ALIAS true` where the way carries 1280
// bytes and drops all else without a word, beside a way without such a place.
// proxytunnel gets no shell there at all.
func BenchmarkNetworkShell(b *testing.B) {
	var all []way
	for _, w := range []struct {
		name string
		mtu  int
	}{{"mtu1500", 1500}, {"mtu1280", 1280}} {
		network := sshtest.NewNetwork(b, w.mtu)
		d := newDistant(b, network, network.Server4)
		all = append(all, way{w.name, func() error { return d.ssh(b.Context(), aliasName, "true").Run() }})
	}
	interleave(b, all)
}

// BenchmarkNetworkOutage takes the network away from sessions at which somebody
// types meanwhile, and measures when the echo is there once the network is
// back. It takes two minutes, and a few seconds with -short.
func BenchmarkNetworkOutage(b *testing.B) {
	const people = 20
	outage, before := 60*time.Second, 30*time.Second
	if testing.Short() {
		outage, before = 5*time.Second, 2*time.Second
	}
	network := sshtest.NewNetwork(b, 1500)
	// As in a workspace.
	d := newDistant(b, network, network.Server4, "ClientAliveInterval 120", "ClientAliveCountMax 5")
	random := rand.New(rand.NewPCG(1, uint64(os.Getpid())))
	took := map[string][]time.Duration{}
	var mu sync.Mutex // guards took
	var mended time.Time
	back := make(chan struct{}) // closed when the network is back
	var working sync.WaitGroup
	begun := time.Now()
	for name, m := range map[string]distant{"passed": d, "proxytunnel": d.proxytunnel(b)} {
		for range people {
			s := m.session(b)
			last := time.Until(begun.Add(time.Duration(random.Int64N(int64(before)))))
			typed := time.Duration(random.Int64N(int64(outage - 2*time.Second)))
			working.Go(func() {
				time.Sleep(last) // so that keepalives are not all at one time
				if err := s.echo("last\n"); err != nil {
					b.Errorf("%s: %v", name, err)
					return
				}
				time.Sleep(time.Until(begun.Add(before + 5*time.Second + typed)))
				if _, err := io.WriteString(s.in, "typed\n"); err != nil {
					b.Errorf("%s: %v", name, err)
					return
				}
				<-back
				if err := s.hear("typed\n"); err != nil {
					b.Errorf("%s: %v", name, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				took[name] = append(took[name], time.Since(mended))
			})
		}
	}
	time.Sleep(time.Until(begun.Add(before + 4*time.Second)))
	network.Cut(b)
	time.Sleep(time.Until(begun.Add(before + 4*time.Second + outage)))
	network.Mend(b)
	mended = time.Now()
	close(back)
	working.Wait()
	b.ReportMetric(0, "ns/op") // it is the outage's
	for name, all := range took {
		b.ReportMetric(float64(median(all).Milliseconds()), name+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*95/100].Milliseconds()), name+"-p95-ms") // median has sorted them
	}
}
