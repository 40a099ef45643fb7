// Berth turns any Kubernetes namespace into SSH workspaces.
//
// The program and all its commands live in package cli; this file only turns
// their result into an exit code.
package main

import (
	"os"

	"github.com/berth-sh/berth/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
