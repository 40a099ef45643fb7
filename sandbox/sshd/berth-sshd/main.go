// Command berth-sshd is the sandbox's SSH server process as a program of its
// own: `berth-sshd sshd ARGS` is what `berth-sandbox sshd ARGS` is, at a tenth
// of the memory, because Kubernetes is not linked into it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/berth-sh/berth/sandbox/sshd"
)

func main() { os.Exit(run(os.Args[1:])) }

// run starts the server; the first argument is the one that berth-sandbox's own
// dispatch needs, so that the two programs are started in the same way.
func run(args []string) int {
	if len(args) == 0 || args[0] != "sshd" {
		fmt.Fprintln(os.Stderr, "usage: berth-sshd sshd ARGS; the sandbox's node starts it")
		return 2
	}
	return sshd.Main(context.Background(), args[1:])
}
