package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// way is one of several ways to do the same thing.
type way struct {
	name string
	run  func() error
}

// interleave runs every way once in each of b.N rounds, so that a noisy
// machine disturbs all alike, and reports medians and their ratios to the
// first way's and to the last's.
func interleave(b *testing.B, ways []way) {
	b.Helper()
	took := make([][]time.Duration, len(ways))
	for _, w := range ways { // warm caches
		if err := w.run(); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
	}
	b.ResetTimer()
	for round := range b.N {
		for i := range ways {
			i = (i + round) % len(ways)
			start := time.Now()
			if err := ways[i].run(); err != nil {
				b.Fatalf("%s: %v", ways[i].name, err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	b.StopTimer()
	b.ReportMetric(0, "ns/op") // the sum of all ways says nothing
	first, last := 0, len(ways)-1
	for i, w := range ways {
		m := median(took[i])
		b.ReportMetric(float64(m.Microseconds())/1000, w.name+"-ms")
		for _, other := range []int{first, last} {
			if i != other && (other == first || i != first) {
				b.ReportMetric(float64(m)/float64(median(took[other])), w.name+"/"+ways[other].name)
			}
		}
	}
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// A route is one of several ways to one sshd.
type route struct {
	name string
	machine
}

// routes are direct, with the connection handed to ssh, with berth-connect
// copying, and through proxytunnel; the last three through one gateway, which is
// a real Envoy where that has been built.
func routes(b *testing.B) []route {
	b.Helper()
	server := sshtest.Start(b)
	var gateway string
	if sshtest.EnvoyPath() != "" {
		gateway = sshtest.Envoy(b, sshtest.EnvoyConfig{Target: server.Addr}).Addr
	} else {
		gateway = sshtest.Listen(b, nil, sshtest.Forward(server.Addr, established)).Addr
	}
	program := build(b)
	base := newMachine(b, alias.File{Transport: alias.Gateway, Address: gateway, Authority: authority}, server, program)
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	var out []route
	for _, w := range []struct{ name, config string }{
		{"direct", "HostName " + host + "\n  Port " + port},
		{"passed", fmt.Sprintf("ProxyCommand %q --fdpass %s\n  ProxyUseFdpass yes", program, aliasName)},
		{"copied", fmt.Sprintf("ProxyCommand %q %s", program, aliasName)},
		{"proxytunnel", "ProxyCommand proxytunnel -q -p " + gateway + " -d " + authority},
	} {
		m := machine{home: base.home, config: filepath.Join(base.home, w.name)}
		m.writeConfig(b, server, w.config)
		out = append(out, route{w.name, m})
	}
	return out
}

// ways run a command by every route.
func ways(b *testing.B, command ...string) []way {
	b.Helper()
	var out []way
	for _, r := range routes(b) {
		out = append(out, way{r.name, func() error { return r.ssh(b.Context(), append([]string{aliasName}, command...)...).Run() }})
	}
	return out
}

// BenchmarkSSH measures `ssh ALIAS true`. Use it with -benchtime 30x.
func BenchmarkSSH(b *testing.B) { interleave(b, ways(b, "true")) }

// BenchmarkDownload measures 1 GiB. Use it with -benchtime 5x.
func BenchmarkDownload(b *testing.B) {
	interleave(b, ways(b, "head", "-c", "1G", "/dev/zero"))
}

// BenchmarkStart measures exec to exit of berth-connect beside the smallest
// of programs.
func BenchmarkStart(b *testing.B) {
	program := build(b)
	interleave(b, []way{
		{"true", func() error { return exec.CommandContext(b.Context(), "true").Run() }},
		{"berth-connect", func() error { return exec.CommandContext(b.Context(), program, "--version").Run() }},
	})
}

// build compiles the program as it is released; the test binary is larger.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "berth-connect")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the loader of a shared C library takes a millisecond
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	return program
}
