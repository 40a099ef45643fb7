//go:build realnode

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// A gateway that ends what is silent for a third longer than the interval of
// keepalives never ends a session, and does end one without them.
func TestNetworkIdleSessionStays(t *testing.T) {
	t.Parallel()
	idle(t, 3*time.Second, 15*time.Second)
}

// BenchmarkNetworkIdle is the same with the interval of berth's configuration,
// for ten minutes.
func BenchmarkNetworkIdle(b *testing.B) {
	const interval, silence = 15 * time.Second, 10 * time.Minute
	for b.Loop() {
		b.ReportMetric(idle(b, interval, silence).Seconds(), "without-keepalive-cut-after-s")
	}
	b.ReportMetric(silence.Minutes(), "idle-min")
	b.ReportMetric(0, "ns/op")
}

// idle says nothing in a session for a time, and returns how long one without
// keepalives has lived.
func idle(t testing.TB, interval, silence time.Duration) time.Duration {
	t.Helper()
	server := sshtest.Start(t, "ClientAliveInterval 120", "ClientAliveCountMax 5") // as in a workspace
	gateway := sshtest.Envoy(t, sshtest.EnvoyConfig{Target: server.Addr, StreamIdle: interval * 4 / 3})
	m := passing(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server)
	keepalive := fmt.Sprintf("ServerAliveInterval=%d", int(interval.Seconds()))
	kept := converse(t, m.ssh(t.Context(), "-o", keepalive, "-o", "ServerAliveCountMax=40", aliasName, "cat"))
	silent := converse(t, m.ssh(t.Context(), "-o", "ServerAliveInterval=0", aliasName, "cat"))
	begun, cut := time.Now(), make(chan struct{})
	go func() {
		defer close(cut)
		_ = silent.hear("never said\n") // until it is cut
	}()
	end := time.After(silence)
	select {
	case <-cut:
	case <-end:
		t.Error("the gateway ends nothing: this shows nothing")
		return 0
	}
	lived := time.Since(begun)
	<-end
	if err := kept.echo("still there\n"); err != nil {
		t.Errorf("after %s of silence: %v", silence, err)
	}
	return lived
}
