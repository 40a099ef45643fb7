package route

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Envoy is a stand-alone Envoy: one dynamic rule, fenced by the authority's
// pattern, reaches every workspace's Service, so that a workspace brings no
// object of its own and never touches another's session.
type Envoy struct{}

var _ Route = Envoy{}

// Kind implements Route.
func (Envoy) Kind() string { return KindEnvoy }

// Authority implements Route.
func (Envoy) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return authority(ref, inst)
}

// Objects implements Route: none.
func (Envoy) Objects(workspace.Ref, workspace.Installation) ([]runtime.Object, error) {
	return nil, nil
}
