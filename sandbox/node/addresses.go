package node

import (
	"fmt"
	"net/netip"
	"sync"
)

// addresses hands out symbolic pod addresses. The lowest free one is not taken
// again at once: a client that still knows a pod's address must not find
// another pod there.
type addresses struct {
	mu   sync.Mutex // guards both fields
	next netip.Addr
	used map[string]*worker
}

// podNetwork is where pods' symbolic addresses come from.
func podNetwork() netip.Prefix { return netip.MustParsePrefix("10.88.0.0/16") }

func newAddresses() *addresses {
	return &addresses{next: podNetwork().Addr().Next(), used: map[string]*worker{}}
}

// take gives w an address: wanted, where that is free, so that a pod keeps its
// own over a restart of the node.
func (a *addresses) take(w *worker, wanted string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ip, err := netip.ParseAddr(wanted); err == nil && podNetwork().Contains(ip) && a.used[wanted] == nil {
		a.used[wanted] = w
		return wanted, nil
	}
	for range 1 << 16 {
		a.next = a.next.Next()
		if !podNetwork().Contains(a.next) {
			a.next = podNetwork().Addr().Next().Next()
		}
		if ip := a.next.String(); a.used[ip] == nil {
			a.used[ip] = w
			return ip, nil
		}
	}
	return "", fmt.Errorf("no pod address left in %s", podNetwork())
}

// release frees an address.
func (a *addresses) release(ip string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.used, ip)
}

// owner returns the worker of the pod with an address, or nil.
func (a *addresses) owner(ip string) *worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used[ip]
}
