//go:build linux

package realnode

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// raiseBridge makes the pods' bridge, with the machine's address on it: the
// kubelet needs an address that is not the loopback one before the first pod
// runs.
func raiseBridge(ctx context.Context) error {
	dropBridge(ctx)
	for _, args := range [][]string{
		{"link", "add", bridge, "type", "bridge"},
		{"addr", "add", Gateway + "/16", "dev", bridge},
		{"link", "set", bridge, "up"},
	} {
		if err := ip(ctx, args...); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644); err != nil {
		return fmt.Errorf("letting the machine route for pods: %w", err)
	}
	return nil
}

// dropBridge removes the bridge, if there is one.
func dropBridge(ctx context.Context) {
	_ = ip(ctx, "link", "del", bridge) // it need not exist
}

func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
