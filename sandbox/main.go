// Command berth-sandbox runs a small Kubernetes cluster with workspaces, an
// SSH gateway and a node, as processes of the account that starts it: a place
// to try berth, and to test it, without a cluster, without root and without
// containers. Workspaces in it are not isolated.
//
//	berth-sandbox up       start it, or say that it runs
//	berth-sandbox status   what runs
//	berth-sandbox down     stop it; its data stays
//
// The program runs itself again for each of its processes: run is the
// supervisor, component one program of the control plane, sshd one workspace.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/sshd"
)

func main() { os.Exit(run(os.Args[1:])) }

// run dispatches to the part of the program that this process is to be.
func run(args []string) int {
	if len(args) > 1 && args[0] == "component" && args[1] != controlplane.Etcd {
		// These handle signals themselves, and refuse a second handler.
		return controlplane.RunComponent(context.Background(), os.Stderr, args[1], args[2:])
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch {
	case len(args) > 1 && args[0] == "component":
		return controlplane.RunComponent(ctx, os.Stderr, args[1], args[2:])
	case len(args) > 0 && args[0] == "sshd":
		return sshd.Main(ctx, args[1:])
	}
	return execute(ctx, args, streams{out: os.Stdout, err: os.Stderr})
}
