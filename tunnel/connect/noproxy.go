package connect

import (
	"net"
	"net/netip"
	"strings"
)

// isExempt reports whether NO_PROXY says that host:port is reached without a
// proxy. It reads the list as Go's own client does, and so kubectl:
//
//   - everything
//     192.0.2.0/24       addresses
//     192.0.2.1, [::1]   an address
//     example.com        the name, and all below it
//     .example.com       all below it; *.example.com is the same
//
// All but the first two may have a port.
func isExempt(list, host, port string) bool {
	host = strings.ToLower(strings.TrimSpace(host))
	addr, err := netip.ParseAddr(host)
	isAddr := err == nil
	addr = addr.WithZone("").Unmap()
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry == "*" {
			return true
		}
		if network, err := netip.ParsePrefix(entry); err == nil {
			if isAddr && network.Contains(addr) {
				return true
			}
			continue
		}
		name, only, err := net.SplitHostPort(entry)
		if err != nil {
			name, only = strings.Trim(entry, "[]"), ""
		}
		if name == "" || only != "" && only != port {
			continue
		}
		if exempt, err := netip.ParseAddr(name); err == nil {
			if isAddr && exempt.Unmap() == addr {
				return true
			}
			continue
		}
		if below, ok := strings.CutPrefix(strings.TrimPrefix(name, "*"), "."); ok {
			name = "." + below
		} else if host == name {
			return true
		} else {
			name = "." + name
		}
		if strings.HasSuffix(host, name) {
			return true
		}
	}
	return false
}
