package kube

import (
	"errors"
	"fmt"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// checkOwn checks what a gateway publishes for workspaces with an address of
// their own: its ports (kind tcp-port), and what their load balancers ask of
// the cloud (kind load-balancer).
func checkOwn(g workspace.Gateway) error {
	if g.Kind == route.KindTCPPort {
		if !hostGrammar.MatchString(g.Address) {
			return fmt.Errorf("address %q is not a host: with kind %s each workspace has its own port", g.Address, g.Kind)
		}
		if g.Domain == "" {
			return errors.New("domain is missing: the gateway's routes are named below it")
		}
	}
	if g.Ports != "" || g.Kind == route.KindTCPPort {
		if _, err := workspace.ParsePorts(g.Ports); err != nil {
			return err
		}
	}
	return route.CheckBalancer(g.Annotations, g.SourceRanges)
}
