package workspace

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits of a range of ports. Below the first a gateway without privileges
// cannot listen; a gateway with more listeners than maxPorts is no longer
// configured in a moment.
const (
	firstPort = 1024
	lastPort  = 65535
	maxPorts  = 1024
)

// Ports is a range of ports, both ends included. Its zero value is none.
type Ports struct{ First, Last int }

// ParsePorts reads FIRST-LAST, or a single port. Errors are of kind ErrUsage.
func ParsePorts(text string) (Ports, error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	p := Ports{parsePort(from), parsePort(to)}
	switch {
	case p.First == 0 || p.Last == 0:
		return Ports{}, Usagef("ports %q are not FIRST-LAST", Safe(text))
	case p.First < firstPort || p.Last > lastPort || p.First > p.Last:
		return Ports{}, Usagef("ports %q are no range between %d and %d", Safe(text), firstPort, lastPort)
	case p.Count() > maxPorts:
		return Ports{}, Usagef("ports %q are %d, at most %d are possible", Safe(text), p.Count(), maxPorts)
	}
	return p, nil
}

// parsePort reads digits only; 0 is no port.
func parsePort(text string) int {
	if len(text) > 5 || strings.Trim(text, "0123456789") != "" || strings.HasPrefix(text, "0") {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// Count is how many ports there are.
func (p Ports) Count() int {
	if p == (Ports{}) {
		return 0
	}
	return p.Last - p.First + 1
}

// Has reports whether port is one of them.
func (p Ports) Has(port int) bool { return p.Count() > 0 && p.First <= port && port <= p.Last }

// String gives FIRST-LAST.
func (p Ports) String() string { return fmt.Sprintf("%d-%d", p.First, p.Last) }

// PortRange returns the ports that the gateway has for workspaces: none unless
// the kind gives each of them one.
func (g Gateway) PortRange() Ports {
	p, err := ParsePorts(g.Ports)
	if err != nil {
		return Ports{}
	}
	return p
}
