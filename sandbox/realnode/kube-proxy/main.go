// Command kube-proxy makes the addresses of Services work, of the Kubernetes
// release that the rest of this module is built from. Only the tests on a real
// node need it.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // the log format of the other components
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // its metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // as above
	"k8s.io/kubernetes/cmd/kube-proxy/app"
)

func main() { os.Exit(cli.Run(app.NewProxyCommand())) }
