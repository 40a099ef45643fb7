package controlplane

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // the components' log formats
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the components' metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // as above
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// Names of the components, as the component command takes them.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
)

// RunComponent runs one component in this process until it ends or is told to
// end by SIGTERM, and returns the exit code. The Kubernetes commands handle
// signals themselves; ctx ends etcd.
func RunComponent(ctx context.Context, stderr io.Writer, name string, args []string) int {
	var cmd *cobra.Command
	switch name {
	case Etcd:
		cmd = newEtcdCommand()
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(ctx); err != nil {
			_, _ = fmt.Fprintln(stderr, err) // where to is all there is to tell it to
			return 1
		}
		return 0
	case APIServer:
		cmd = apiserver.NewAPIServerCommand()
	case ControllerManager:
		cmd = manager.NewControllerManagerCommand()
	case Scheduler:
		cmd = scheduler.NewSchedulerCommand()
	default:
		_, _ = fmt.Fprintf(stderr, "unknown component %q\n", name)
		return 2
	}
	cmd.SetArgs(args)
	return cli.Run(cmd)
}
