package node

import (
	"context"

	"github.com/berth-sh/berth/sandbox/volume"
)

// provisionerName is what a StorageClass says to get folders of this machine.
const provisionerName = "sandbox.berth.sh/folder"

// provision serves claims until ctx ends.
func (n *Node) provision(ctx context.Context) error {
	return volume.Provision(ctx, volume.Config{
		Client: n.client, Events: n.events, Log: n.log,
		Provisioner: provisionerName, Node: n.cfg.Name, Dir: n.cfg.VolumeDir,
	})
}
