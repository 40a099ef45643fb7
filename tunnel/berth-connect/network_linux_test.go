//go:build realnode

package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/internal/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// gatewayPort is that of the Envoy in a network.
const gatewayPort = "8443"

// far is a machine in a network of its own, and what lies behind that.
type far struct {
	machine
	*sshtest.Network
	server *sshtest.Server
}

// newFar has an Envoy and an sshd at the far end of a network.
func newFar(t testing.TB, network *sshtest.Network, host string, pass bool) far {
	t.Helper()
	server := sshtest.StartIn(t, network.Server)
	sshtest.Envoy(t, network.Server, 8443, server.Addr)
	f := alias.File{Transport: alias.Gateway, Address: net.JoinHostPort(host, gatewayPort), Authority: authority}
	if pass {
		return far{passing(t, f, server), network, server}
	}
	return far{newMachine(t, f, server, ""), network, server}
}

// ssh runs the real client in the client's namespace.
func (f far) ssh(ctx context.Context, args ...string) *exec.Cmd {
	cmd := f.Command(ctx, f.Client, "ssh", append([]string{"-F", f.config}, args...)...)
	cmd.Env = f.command(ctx, "true").Env
	return cmd
}

// patience is far more than a login takes and far less than sshd's own.
const patience = 20 * time.Second

// The way carries 1280 bytes and says nothing of what it drops. The client
// beside it shows that this is so.
func TestNetworkThatDropsLargePackets(t *testing.T) {
	t.Parallel()
	network := sshtest.NewNetwork(t, 1280)
	for name, tt := range map[string]struct {
		host string
		pass bool
	}{
		"ipv4, passed": {network.Server4, true},
		"ipv4, copied": {network.Server4, false},
		"ipv6, passed": {network.Server6, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newFar(t, network, tt.host, tt.pass)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			begun := time.Now()
			if out, err := m.ssh(ctx, aliasName, "echo", "up").CombinedOutput(); err != nil || string(out) != "up\n" {
				t.Fatalf("output %q, error %v", out, err)
			}
			t.Logf("a shell after %s", time.Since(begun))
			if out, err := m.ssh(ctx, aliasName, "head -c 3000000 /dev/zero | wc -c; head -c 3000000 /dev/zero").Output(); err != nil || len(out) != 3000008 {
				t.Errorf("%d bytes, error %v", len(out), err)
			}
			m.writeConfig(t, m.server, fmt.Sprintf("ProxyCommand proxytunnel -q -p %s -d %s", net.JoinHostPort(network.Server4, gatewayPort), authority))
			ctx, cancel = context.WithTimeout(t.Context(), patience/4)
			defer cancel()
			if out, err := m.ssh(ctx, aliasName, "echo", "up").CombinedOutput(); ctx.Err() == nil {
				t.Errorf("proxytunnel gets through: output %q, error %v", out, err)
			}
		})
	}
}
