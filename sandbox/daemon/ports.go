package daemon

import (
	"context"
	"fmt"

	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// ports are all ports of a sandbox. Those in the settings stay, because people
// hold on to them; the others are new at each start.
type ports struct {
	state.Settings
	etcd, manager, scheduler, kubelet int
}

// choosePorts takes the ports that were asked for, else those chosen before,
// else free ones, makes sure that nobody else listens there, and keeps the
// choice.
func choosePorts(ctx context.Context, cfg Config) (ports, error) {
	kept, err := cfg.Folder.LoadSettings()
	if err != nil {
		return ports{}, err
	}
	p := ports{Settings: kept}
	if cfg.APIPort != 0 {
		p.APIPort = cfg.APIPort
	}
	if cfg.GatewayPort != 0 {
		p.GatewayPort = cfg.GatewayPort
	}
	if p.APIPort != 0 && p.APIPort == p.GatewayPort {
		return ports{}, workspace.Usagef("the API server and the gateway cannot share port %d", p.APIPort)
	}
	used := []int{p.APIPort, p.GatewayPort}
	for _, into := range []*int{&p.APIPort, &p.GatewayPort, &p.etcd, &p.manager, &p.scheduler, &p.kubelet} {
		if *into != 0 {
			continue
		}
		if *into, err = state.FreePort(ctx, used...); err != nil {
			return ports{}, err
		}
		used = append(used, *into)
	}
	if err := state.CheckPort(ctx, p.APIPort, "API server", "--api-port"); err != nil {
		return ports{}, err
	}
	if err := state.CheckPort(ctx, p.GatewayPort, "gateway", "--gateway-port"); err != nil {
		return ports{}, err
	}
	if p.Settings == kept {
		return p, nil
	}
	if err := cfg.Folder.SaveSettings(p.Settings); err != nil {
		return ports{}, fmt.Errorf("keeping the chosen ports: %w", err)
	}
	return p, nil
}
