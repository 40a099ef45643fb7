package sshtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Network is a client and a server in network namespaces of their own, with two
// routers between them. It takes root.
//
//	client ── 1500 ── near ── MTU ── far ── 1500 ── server
type Network struct {
	Client, Server string // namespaces
	Server4        string // addresses of the server
	Server6        string
	near           string
}

// networks counts them, for names.
var networks atomic.Int32

// NewNetwork makes a network that lasts until the test ends. Its routers drop
// what does not fit through the middle without a word, as routers do whose
// ICMP messages a firewall keeps.
func NewNetwork(t testing.TB, mtu int) *Network {
	t.Helper()
	id := fmt.Sprintf("berth-%d-%d-", os.Getpid(), networks.Add(1))
	n := &Network{Client: id + "client", Server: id + "server", near: id + "near", Server4: "10.3.0.2", Server6: "fd00:3::2"}
	far := id + "far"
	for _, name := range []string{n.Client, n.near, far, n.Server} {
		ip(t, "netns add "+name)
		t.Cleanup(func() { _ = exec.CommandContext(context.Background(), "ip", "netns", "delete", name).Run() })
		in(t, name, "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0")
		ip(t, "-n "+name+" link set lo up")
	}
	n.link(t, n.Client, n.near, 1, 1500)
	n.link(t, n.near, far, 2, mtu)
	n.link(t, far, n.Server, 3, 1500)
	for _, family := range []struct{ flag, prefix string }{{"-4", "10.%d.0."}, {"-6", "fd00:%d::"}} {
		gateway := func(name string, net, host int) {
			ip(t, fmt.Sprintf("%s -n %s route add default via "+family.prefix+"%d", family.flag, name, net, host))
		}
		gateway(n.Client, 1, 2)
		gateway(n.near, 2, 2)
		gateway(far, 2, 1)
		gateway(n.Server, 3, 1)
		// What a router says itself goes nowhere.
		for _, router := range []string{n.near, far} {
			ip(t, family.flag+" -n "+router+" route add blackhole default table 100")
			ip(t, family.flag+" -n "+router+" rule add iif lo lookup 100 pref 10")
		}
	}
	for _, router := range []string{n.near, far} {
		in(t, router, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
	}
	return n
}

// link joins two namespaces by network 10.ID.0.0/24 and fd00:ID::/64.
func (n *Network) link(t testing.TB, a, b string, id, mtu int) {
	t.Helper()
	ip(t, fmt.Sprintf("link add to%d netns %s mtu %d type veth peer name from%d netns %s mtu %d", id, a, mtu, id, b, mtu))
	for i, end := range []string{a + " dev to", b + " dev from"} {
		name, device, _ := strings.Cut(end, " dev ")
		device = fmt.Sprintf("%s%d", device, id)
		ip(t, fmt.Sprintf("-n %s addr add 10.%d.0.%d/24 dev %s", name, id, i+1, device))
		ip(t, fmt.Sprintf("-n %s addr add fd00:%d::%d/64 dev %s nodad", name, id, i+1, device))
		ip(t, fmt.Sprintf("-n %s link set %s up", name, device))
	}
}

// Cut drops every packet on the way from now on, without a word.
func (n *Network) Cut(t testing.TB) {
	t.Helper()
	for _, flag := range []string{"-4", "-6"} {
		ip(t, flag+" -n "+n.near+" rule add lookup 100 pref 20")
	}
}

// Mend ends Cut.
func (n *Network) Mend(t testing.TB) {
	t.Helper()
	for _, flag := range []string{"-4", "-6"} {
		ip(t, flag+" -n "+n.near+" rule del lookup 100 pref 20")
	}
}

// DropIPv4 leaves the client with IPv6 alone.
func (n *Network) DropIPv4(t testing.TB) {
	t.Helper()
	ip(t, "-n "+n.Client+" -4 addr flush dev to1")
}

// Name makes a host name known to the client.
func (n *Network) Name(t testing.TB, name string, addresses ...string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", n.Client) // where ip netns exec finds files for /etc
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.RemoveAll(dir)
		_ = os.Remove(filepath.Dir(dir)) // unless another network uses it
	})
	var hosts strings.Builder
	for _, address := range addresses {
		hosts.WriteString(address + " " + name + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(hosts.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Command is one that runs in a namespace.
func (n *Network) Command(ctx context.Context, namespace, name string, args ...string) *exec.Cmd {
	return inNamespace(ctx, namespace, name, args...)
}

func ip(t testing.TB, args string) {
	t.Helper()
	if out, err := exec.CommandContext(context.Background(), "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

func in(t testing.TB, namespace, command string) {
	t.Helper()
	words := strings.Fields(command)
	if out, err := inNamespace(context.Background(), namespace, words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}
