package sshconf_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace/alias"
)

func BenchmarkOneOfThousandAliasesChanges(b *testing.B) {
	d, _ := newDir(b)
	list := make([]alias.File, 1000)
	for i := range list {
		list[i] = file(b, fmt.Sprintf("ws-%d", i))
	}
	scope := sshconf.Scope{Cluster: "c-1", Namespace: "team-a"}
	reconcile(b, d, scope, list...)
	for b.Loop() {
		list[500].Address += "0"
		if c := reconcile(b, d, scope, list...); len(c.Updated) != 1 {
			b.Fatalf("%+v", c)
		}
	}
}

func BenchmarkThousandAliasesUnchanged(b *testing.B) {
	d, _ := newDir(b)
	list := make([]alias.File, 1000)
	for i := range list {
		list[i] = file(b, fmt.Sprintf("ws-%d", i))
	}
	scope := sshconf.Scope{Cluster: "c-1", Namespace: "team-a"}
	reconcile(b, d, scope, list...)
	for b.Loop() {
		if c := reconcile(b, d, scope, list...); c.Written {
			b.Fatalf("%+v", c)
		}
	}
}

// BenchmarkTenThousandWorkspaces is the first list of a large namespace, and
// the same list once more: what the heap grows by while that lasts, with little
// garbage left on it, is what the program needs on top of the list itself.
func BenchmarkTenThousandWorkspaces(b *testing.B) {
	pin := newPin(b)
	list := make([]alias.File, 10_000)
	for i := range list {
		name := fmt.Sprintf("ws-%05d", i)
		list[i] = alias.File{
			Name: name, UID: "2f1c4a70-9d5b-4c39-8a55-0d8f6c3e" + name[4:], User: "dev", HostKey: pin, Transport: alias.Gateway,
			Address: "gw.example.com:80", Authority: name + "--team-a.example.com:22", Kubeconfig: "/home/dev/.kube/config", Context: "prod",
		}
	}
	scope := sshconf.Scope{Cluster: "c-1", ClusterName: "prod", Namespace: "team-a"}
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	for b.Loop() {
		b.StopTimer()
		d, _ := newDir(b)
		for _, as := range []string{"new", "same"} {
			begun := time.Now()
			grown := heapGrowth(func() {
				b.StartTimer()
				reconcile(b, d, scope, list...)
				b.StopTimer()
			})
			b.ReportMetric(time.Since(begun).Seconds(), as+"-s") // how long the lock is held
			b.ReportMetric(float64(grown)/(1<<20), as+"-MiB")
		}
		b.StartTimer()
	}
}

// heapGrowth returns how much larger the heap is at most while work runs.
func heapGrowth(work func()) uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before := heap()
	most := before
	done := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-done:
				return
			}
		}
	})
	work()
	close(done)
	sampling.Wait()
	return most - before
}
