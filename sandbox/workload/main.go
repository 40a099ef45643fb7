// Command berth-sandbox-pod is the process of one workspace in the sandbox.
//
// It is the sshd command of berth-sandbox in a program of its own, because that
// one carries the whole of Kubernetes: as much memory again for each workspace,
// for code that a workspace never runs.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/berth-sh/berth/sandbox/sshd"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "sshd" {
		_, _ = fmt.Fprintln(os.Stderr, "berth-sandbox-pod is started by berth-sandbox") // nowhere else to tell
		os.Exit(2)
	}
	os.Exit(sshd.Main(context.Background(), os.Args[2:]))
}
