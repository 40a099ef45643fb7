// Kubectl is the real one, built from the release that the sandbox is built
// from: tests look at the cluster with it, and measure against it.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() {
	os.Exit(cli.Run(cmd.NewDefaultKubectlCommand()))
}
