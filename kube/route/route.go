// Package route says how one gateway reaches one workspace.
//
// Each gateway kind is one file that implements [Route]: the authority that a
// client names in its CONNECT request, and the objects that a workspace needs
// for it, if any. Some kinds need none, because one static rule of the gateway
// covers all workspaces.
package route

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Route is one gateway kind.
type Route interface {
	// Kind is the kind's name in the installation.
	Kind() string

	// Authority returns HOST:PORT that a CONNECT request names, or "" for a
	// kind without gateway.
	Authority(ref workspace.Ref, inst workspace.Installation) string

	// Objects returns what the workspace needs in its namespace, with labels
	// and names but no namespace defaults; it may be empty.
	Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error)
}

// Names of the kinds that this version serves.
const (
	KindEnvoy       = "envoy"
	KindPortForward = "port-forward"
)

// For returns the route of the installation's gateway kind. A kind that
// exists but is not served by this version, and one that does not exist, are
// errors of kind workspace.ErrUsage.
func For(inst workspace.Installation) (Route, error) {
	switch kind := inst.Gateway.Kind; {
	case kind == "", kind == KindPortForward:
		return PortForward{}, nil
	case kind == KindEnvoy:
		return Envoy{}, nil
	case slices.Contains(later(), kind):
		return nil, workspace.WithHint(workspace.Usagef("gateway kind %s is not supported by this version", kind),
			"update berth; workspaces can be reached through the API server meanwhile")
	default:
		return nil, workspace.WithHint(workspace.Usagef("gateway kind %q is not known", workspace.Safe(kind)),
			"kinds: "+strings.Join(append([]string{KindEnvoy, KindPortForward}, later()...), ", "))
	}
}

// later lists the kinds that are named and not served yet.
func later() []string {
	return []string{"istio", "istio-static", "istio-envoyfilter", "envoy-gateway", "tcp-port", "load-balancer"}
}

// authority is NAME--NAMESPACE.DOMAIN:PORT. The port is the Service's, so that
// older set-ups with port 80 keep theirs.
func authority(ref workspace.Ref, inst workspace.Installation) string {
	port := inst.Gateway.ServicePort
	if port == 0 {
		port = 22
	}
	return fmt.Sprintf("%s.%s:%s", ref.HostLabel(), inst.Gateway.Domain, strconv.Itoa(port))
}
