package route

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// PortForward goes through the API server: no gateway, no objects.
type PortForward struct{}

var _ Route = PortForward{}

// Kind implements Route.
func (PortForward) Kind() string { return KindPortForward }

// Authority implements Route: there is none.
func (PortForward) Authority(workspace.Ref, workspace.Installation) string { return "" }

// Objects implements Route: none.
func (PortForward) Objects(workspace.Ref, workspace.Installation) ([]runtime.Object, error) {
	return nil, nil
}
