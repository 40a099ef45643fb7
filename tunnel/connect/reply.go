package connect

import (
	"bytes"
	"errors"
	"strings"
)

// The reply parser. It is written by hand because net/http would double the
// size of the program, and it is strict because what answers may be anything:
// a captive portal, sshd itself, a broken proxy. It accepts HTTP/1.0 and 1.1,
// lines that end in LF or CRLF, and a missing reason. It ignores the fields but
// one: after a 2xx to CONNECT, Content-Length and Transfer-Encoding mean nothing.

// maxHeader caps the gateway's answer, interim answers included, in bytes.
const maxHeader = 64 << 10

var (
	errNotHTTP   = errors.New("the answer is not http")
	errSSH       = errors.New("the answer is an ssh greeting, not http")
	errBadReply  = errors.New("the answer is malformed http")
	errLongReply = errors.New("the answer's header is longer than 64 KiB")
	errNoReply   = errors.New("closed the connection without an answer")
)

// What a reply, and what sshd's greeting, begin with.
const (
	replyProtocol = "HTTP/1."
	sshProtocol   = "SSH-"
)

// reply is the part of an HTTP reply that matters to CONNECT.
type reply struct {
	status int    // 100 to 599
	reason string // as received: hostile
	// challenges are the ways to log in that a 407 offers, in lower case, with
	// a blank between them.
	challenges string
}

// interim reports whether another reply follows on the same connection. 101
// does not count: it ends HTTP, and nobody asked for it.
func (r reply) interim() bool { return r.status/100 == 1 && r.status != 101 }

// parseReply reads the header of one reply at the start of b. While b holds
// only part of a header that may still become valid, n is 0.
func parseReply(b []byte) (r reply, n int, err error) {
	if !matches(b, replyProtocol) {
		switch {
		case !matches(b, sshProtocol):
			return r, 0, errNotHTTP
		case len(b) >= len(sshProtocol):
			return r, 0, errSSH
		}
		return r, 0, nil
	}
	n = headerEnd(b)
	if n == 0 {
		return r, 0, nil
	}
	line, fields, _ := bytes.Cut(b[:n], []byte("\n"))
	r, ok := parseStatus(bytes.TrimSuffix(line, []byte("\r")))
	if !ok || !validFields(fields) {
		return reply{}, 0, errBadReply
	}
	if r.status == 407 {
		r.challenges = challenges(fields)
	}
	return r, n, nil
}

// matches reports whether b begins with want, as far as b goes.
func matches(b []byte, want string) bool {
	n := min(len(b), len(want))
	return string(b[:n]) == want[:n]
}

// headerEnd returns the length of the header including its empty line, or 0.
func headerEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch rest := b[at:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return at + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return at + 2
		}
	}
}

// parseStatus reads "HTTP/1.1 200 reason".
func parseStatus(line []byte) (reply, bool) {
	const digits = len("HTTP/1.1 ")
	if len(line) < digits+3 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' {
		return reply{}, false
	}
	status := 0
	for _, c := range line[digits : digits+3] {
		if c < '0' || c > '9' {
			return reply{}, false
		}
		status = 10*status + int(c-'0')
	}
	reason := line[digits+3:]
	if status < 100 || status > 599 || (len(reason) > 0 && reason[0] != ' ') {
		return reply{}, false
	}
	return reply{status: status, reason: string(bytes.TrimSpace(reason))}, true
}

// validFields reports whether every line up to the empty one is "name: value".
func validFields(fields []byte) bool {
	for line := range bytes.Lines(fields) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return true
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return false
		}
	}
	return true
}

// challenges returns the first scheme of each Proxy-Authenticate field: proxies
// that offer several send several fields. Schemes are letters and digits.
func challenges(fields []byte) string {
	var schemes []string
	for line := range bytes.Lines(fields) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(name, []byte("Proxy-Authenticate")) {
			continue
		}
		scheme, _, _ := bytes.Cut(bytes.TrimSpace(value), []byte(" "))
		scheme = bytes.ToLower(scheme)
		odd := bytes.ContainsFunc(scheme, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
		if len(scheme) > 0 && len(scheme) <= 20 && !odd && len(schemes) < 4 {
			schemes = append(schemes, string(scheme))
		}
	}
	return strings.Join(schemes, " ")
}
