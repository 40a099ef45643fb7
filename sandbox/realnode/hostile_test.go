//go:build linux && realnode

package realnode_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// noneOfAThousandPasses asks for a thousand authorities that are not the
// workspace's: other hosts, addresses and ports, and what parsers disagree on.
func noneOfAThousandPasses(b *bed, name string) {
	b.t.Helper()
	own := name + "--" + b.namespace + "." + meshDomain
	asked := hostile(own, b.namespace, b.pod(name).Status.PodIP, 1000)
	work := make(chan string)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for authority := range work {
				status, err := answer(b.gateway, authority)
				if err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
					b.t.Errorf("CONNECT %q gives %q, %v", authority, status, err)
				}
			}
		})
	}
	for _, authority := range asked {
		work <- authority
	}
	close(work)
	workers.Wait()
}

// answer is connect, again for a while where the gateway is not reached at all:
// a pod that does not answer its probe in time has no endpoint for a moment.
func answer(address, authority string) (status string, err error) {
	for range 20 {
		var dial *net.OpError
		if status, err = connect(address, authority); !errors.As(err, &dial) || dial.Op != "dial" {
			return status, err
		}
		time.Sleep(500 * time.Millisecond) // it is the gateway that is waited for
	}
	return status, err
}

// hostile makes n different authorities, none of which is own:22.
func hostile(own, namespace, pod string, n int) []string {
	dice := rand.New(rand.NewPCG(1, 2)) // the same each time
	pick := func(of []string) string { return of[dice.IntN(len(of))] }
	hosts := []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "localhost.",
		"169.254.169.254", "169.254.20.10", "[fd00:ec2::254]", "2852039166", "metadata", "metadata.google.internal", "metadata.outside.test", "loopback.outside.test",
		"10.244.0.1", "10.87.0.1", pod, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		"berth.berth-gateway.svc.cluster.local", "kube-dns.kube-system.svc.cluster.local", "envoy-gateway.envoy-gateway-system.svc.cluster.local",
		"kubernetes--default." + meshDomain, "berth--berth-gateway." + meshDomain, "envoy-gateway--envoy-gateway-system." + meshDomain,
		"w." + namespace, "w." + namespace + ".svc.cluster.local", "nobody--" + namespace + "." + meshDomain, "w--default." + meshDomain,
		own + ".evil.test", "evil.test." + own, "x" + own, "w---" + namespace + "." + meshDomain, "--" + namespace + "." + meshDomain, "w--." + meshDomain,
		"w--" + namespace, "w--" + namespace + "." + meshDomain + ".svc.cluster.local", "w--" + namespace + ".evil--x." + meshDomain,
		strings.ToUpper(own), own + ".", "." + own, strings.ReplaceAll(own, "--", "."), strings.ReplaceAll(own, ".", "-"), strings.ReplaceAll(own, "--", "%2d%2d"),
		strings.ReplaceAll(own, ".", "。"), strings.Replace(own, "w", "ｗ", 1), strings.Repeat("a", 5000) + "--" + own, strings.Repeat("w--", 300) + own,
		"outbound|22||w." + namespace + ".svc.cluster.local", "httproute/" + namespace + "/w/rule/0", "workspaces", "admin", "xds_cluster", "prometheus_stats",
	}
	ports := []string{
		":1", ":22", ":53", ":80", ":443", ":2222", ":6443", ":8080", ":8081", ":9901", ":10250", ":10350", ":15000", ":16443", ":18000", ":19000", ":19001", ":19003",
		":0", ":022", ":+22", ":-22", ":65558", ":4294967318", ":22.", ":22:22", ":", "", ":ssh", ":0x16", ":2 2", ":22#", ":22?", ":22/", ":22\\", ":22@" + pod + ":2222", ":٢٢",
	}
	before := []string{"", "", "", "", "", "a@", "a:b@", own + "@", own + ":22@", "http://", "//", "/", "\\", "%00", "tcp://"}
	seen := map[string]bool{own + ":22": true}
	var all []string
	for len(all) < n {
		authority := pick(before) + pick(append(hosts, own, own)) + pick(ports)
		if dice.IntN(8) == 0 { // a byte that does not belong there
			at := dice.IntN(len(authority) + 1)
			authority = authority[:at] + pick([]string{"\x00", "\t", "\x0b", "\x7f", "\xff", ",", ";", "%20", "_", "\u200b", "|", "`", "$(id)"}) + authority[at:]
		}
		if !seen[authority] && authority != "" {
			seen[authority] = true
			all = append(all, authority)
		}
	}
	return append(all, fmt.Sprintf("%s:22 HTTP/1.1\r\nHost: %s:22\r\nX: y", pod, own)) // another Host than the target
}
