package route

import "github.com/berth-sh/berth/workspace"

// Own is what a cluster has given to one workspace alone: nothing, with most
// kinds.
type Own struct {
	Port int    // of the gateway; 0 while none is claimed
	Host string // of the workspace's load balancer; "" while the cloud has given none
}

// Addressed is a kind whose workspaces have an address of their own: no
// CONNECT names them, whoever dials the address is at their sshd.
type Addressed interface {
	Route

	// Address returns HOST:PORT of the workspace's sshd, or "" while the
	// cluster has not given it all that belongs to it.
	Address(inst workspace.Installation, own Own) string
}

// Ported is a kind that gives each workspace one of the gateway's ports. The
// port is claimed before the objects are written; see [Claim].
type Ported interface {
	Addressed

	// On returns the route of a workspace that holds a port. Without one,
	// Objects says only what and where they are, which is enough to remove them.
	On(port int) Route
}

// Address returns where the workspace's sshd itself is dialled, or "" where the
// installation's kind has no such addresses, or this workspace has none yet.
func Address(inst workspace.Installation, own Own) string {
	way, err := For(inst)
	if err != nil {
		return ""
	}
	addressed, ok := way.(Addressed)
	if !ok {
		return ""
	}
	return addressed.Address(inst, own)
}
