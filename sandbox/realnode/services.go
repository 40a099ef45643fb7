//go:build linux

package realnode

// A cluster's network, as far as a gateway needs it: addresses of Services
// (kube-proxy), their names (CoreDNS), and the API server as a Service.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/berth-sh/berth/sandbox/controlplane"
)

// apiPort is where the API server is reached at the bridge's address: it
// listens on the loopback address only, which no pod reaches.
const apiPort = 16443

// proxyTables are what kube-proxy makes, in the machine's own network.
func proxyTables() []string { return []string{"ip kube-proxy", "ip6 kube-proxy"} }

// proxy is kube-proxy's configuration. Everything is masqueraded: two pods on
// one bridge would otherwise answer each other directly, and not from the
// Service's address.
func (c Config) proxy() string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: %s
bindAddress: %s
clientConnection: {kubeconfig: %q}
clusterCIDR: %s
nodePortAddresses: [%s]
healthzBindAddress: %s:10256
metricsBindAddress: %s:10249
nftables: {masqueradeAll: true}
linux:
  conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, Name, Gateway, c.admin(), subnet, subnet, Gateway, Gateway)
}

// dns is CoreDNS's configuration: kubeadm's, but that it knows the cluster
// only.
func (c Config) dns() string {
	return fmt.Sprintf(`.:53 {
    bind %s
    errors
    ready %s:8181
    # Names outside, of addresses that nobody may reach through a gateway.
    hosts {
        169.254.169.254 metadata.outside.test
        127.0.0.1 loopback.outside.test
        fallthrough
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig %s
        pods insecure
        ttl 30
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loadbalance
}
`, Gateway, Gateway, c.admin())
}

// admin is the file of an administrator's access to the API server.
func (c Config) admin() string { return filepath.Join(c.State, "kubeconfig") }

func proxyArgs(cfg Config) []string {
	return []string{filepath.Join(cfg.Bin, "kube-proxy"), "--config=" + cfg.path("kube-proxy.yaml")}
}

func dnsArgs(cfg Config) []string {
	return []string{filepath.Join(cfg.Bin, "coredns"), "-conf", cfg.path("Corefile")}
}

// dropProxyTables removes what kube-proxy has made. It leaves its rules behind
// when it ends, so that a machine goes on working.
func dropProxyTables(ctx context.Context) {
	for _, table := range proxyTables() {
		args := append([]string{"delete", "table"}, strings.Fields(table)...)
		_ = exec.CommandContext(ctx, "nft", args...).Run() // it need not exist
	}
}

// ownProxy reports whether the machine runs a kube-proxy already, which would
// have the same tables.
func ownProxy() bool {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, name := range names {
		if comm, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(comm)) == "kube-proxy" {
			return true
		}
	}
	return false
}

// publishAPI makes the API server an endpoint of its Service, as the API server
// itself does where it has an address that pods reach.
func (n *Node) publishAPI(ctx context.Context) error {
	port, name, ready := int32(apiPort), "https", true
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{Gateway}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}
	slices := n.client.DiscoveryV1().EndpointSlices(corev1.NamespaceDefault)
	if _, err := slices.Create(ctx, slice, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("publishing the API server: %w", err)
	}
	return nil
}

// serveAPI passes connections from pods on to the API server until ctx ends.
func serveAPI(ctx context.Context, cfg Config) error {
	rest, err := clientcmd.BuildConfigFromFlags("", cfg.admin())
	if err != nil {
		return fmt.Errorf("reading the sandbox's kubeconfig: %w", err)
	}
	server, err := url.Parse(rest.Host)
	if err != nil {
		return fmt.Errorf("reading the API server's address: %w", err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("%s:%d", Gateway, apiPort))
	if err != nil {
		return fmt.Errorf("serving the API to pods: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() }) // Accept returns
	defer stop()
	var owned sync.WaitGroup
	defer owned.Wait()
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serving the API to pods: %w", err)
		}
		owned.Go(func() { pass(ctx, conn, server.Host) })
	}
}

// pass copies between a connection and an address until either side or ctx
// ends.
func pass(ctx context.Context, conn net.Conn, address string) {
	defer func() { _ = conn.Close() }() // both directions are over
	far, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }() // as above
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{conn, far}, {far, conn}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // the end of one is the end of both
			ended <- struct{}{}
		}()
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// serviceRoute keeps packets to Services on this machine, whatever its default
// route is.
func serviceRoute(ctx context.Context) error {
	return ip(ctx, "route", "replace", controlplane.ServiceRange, "dev", bridge)
}
