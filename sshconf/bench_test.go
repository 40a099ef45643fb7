package sshconf_test

import (
	"fmt"
	"testing"

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
