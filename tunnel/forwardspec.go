package tunnel

// How a forward is written:
//
//	PORT                           the same port on both sides
//	LOCAL:REMOTE
//	BIND:LOCAL:REMOTE              LOCAL on another address than loopback
//	LOCAL:HOST:REMOTE              to another machine, as seen from the workspace
//	BIND:LOCAL:HOST:REMOTE
//
// A port may be a range FIRST-LAST, of the same length on both sides; LOCAL may
// be 0, which is any free port; and both may be paths of unix sockets. IPv6
// addresses stand in brackets.

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// maxRange is the most ports that one argument may name: a range that is
// longer is a typing error.
const maxRange = 512

var forwardHost = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)

// ParseForward reads one argument, which is several forwards where it is a
// range. The left side listens: here, or in the workspace where reverse. The
// error is of kind workspace.ErrUsage.
func ParseForward(arg string, reverse bool) ([]Forward, error) {
	forwards, err := parseForward(arg, reverse)
	if err != nil {
		return nil, workspace.WithHint(workspace.Usagef("forward %q: %s", workspace.Safe(arg), err.Error()),
			"forms: 8080, 8080:3000, 127.0.0.1:8080:3000, 8080:db:5432, 8000-8010:9000-9010, ./local.sock:/run/app.sock")
	}
	return forwards, nil
}

func parseForward(arg string, reverse bool) ([]Forward, error) {
	parts, err := splitForward(arg)
	if err != nil {
		return nil, err
	}
	bind, host := localhost, localhost
	var listen, target string
	switch {
	case len(parts) == 1:
		listen, target = parts[0], parts[0]
		if isPath(listen) {
			return nil, fmt.Errorf("a socket needs its other end: LOCAL:REMOTE")
		}
	case len(parts) == 2:
		listen, target = parts[0], parts[1]
	case len(parts) == 3 && (isPorts(parts[0]) || isPath(parts[0])):
		listen, host, target = parts[0], parts[1], parts[2]
	case len(parts) == 3:
		bind, listen, target = parts[0], parts[1], parts[2]
	case len(parts) == 4:
		bind, listen, host, target = parts[0], parts[1], parts[2], parts[3]
	default:
		return nil, fmt.Errorf("it has too many parts")
	}
	if bind != anyHost && !isHost(bind) {
		return nil, fmt.Errorf("%q is no address to listen on", workspace.Safe(bind))
	}
	if !isHost(host) {
		return nil, fmt.Errorf("%q is no host", workspace.Safe(host))
	}
	from, err := endpoints(bind, listen, true)
	if err != nil {
		return nil, err
	}
	to, err := endpoints(host, target, false)
	if err != nil {
		return nil, err
	}
	return pair(from, to, reverse)
}

// pair joins the ends of one argument.
func pair(from, to []Endpoint, reverse bool) ([]Forward, error) {
	if len(from) != len(to) {
		return nil, fmt.Errorf("%d ports here and %d there", len(from), len(to))
	}
	remote := to
	if reverse {
		remote = from
	}
	forwards := make([]Forward, len(from))
	for i := range from {
		if e := remote[i]; e.Network == "unix" && !path.IsAbs(e.Address) {
			return nil, fmt.Errorf("the socket in the workspace, %q, has no absolute path", workspace.Safe(e.Address))
		}
		forwards[i] = Forward{Listen: from[i], Target: to[i], Reverse: reverse}
	}
	return forwards, nil
}

// splitForward splits at colons, except for those in brackets, and takes the
// brackets off.
func splitForward(arg string) ([]string, error) {
	var parts []string
	for rest := arg; ; {
		var part string
		if strings.HasPrefix(rest, "[") {
			inside, after, closed := strings.Cut(rest[1:], "]")
			if !closed || net.ParseIP(inside) == nil || after != "" && after[0] != ':' {
				return nil, fmt.Errorf("it has brackets without an IPv6 address")
			}
			part, rest = inside, after
		} else if i := strings.IndexByte(rest, ':'); i >= 0 {
			part, rest = rest[:i], rest[i:]
		} else {
			part, rest = rest, ""
		}
		if part == "" {
			return nil, fmt.Errorf("a part of it is empty")
		}
		parts = append(parts, part)
		if rest == "" {
			return parts, nil
		}
		rest = rest[1:]
	}
}

// endpoints are the ends that one side names.
func endpoints(host, ports string, listening bool) ([]Endpoint, error) {
	if isPath(ports) {
		return []Endpoint{{Network: "unix", Address: ports}}, nil
	}
	first, last, isRange := strings.Cut(ports, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 16)
	to, err2 := strconv.ParseUint(last, 10, 16)
	switch {
	case err != nil || err2 != nil:
		return nil, fmt.Errorf("%q is no port, range or path", workspace.Safe(ports))
	case from == 0 && (isRange || !listening):
		return nil, fmt.Errorf("port 0 stands for any free port to listen on, and for nothing else")
	case to < from:
		return nil, fmt.Errorf("range %s ends before it begins", ports)
	case to-from >= maxRange:
		return nil, fmt.Errorf("range %s has more than %d ports", ports, maxRange)
	}
	var ends []Endpoint
	for port := from; port <= to; port++ {
		ends = append(ends, Endpoint{Network: "tcp", Address: net.JoinHostPort(host, strconv.FormatUint(port, 10))})
	}
	return ends, nil
}

func isPath(part string) bool { return strings.ContainsAny(part, `/\`) }

func isPorts(part string) bool { return strings.Trim(part, "0123456789-") == "" }

func isHost(part string) bool { return net.ParseIP(part) != nil || forwardHost.MatchString(part) }
