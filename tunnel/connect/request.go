package connect

import (
	"errors"
	"io"
	"net"
	"time"
)

// request asks for the tunnel and waits for the answer.
func request(conn net.Conn, o Options) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(o.timeout())); err != nil {
		return nil, stepError(o, StepConnect, err)
	}
	agent := o.UserAgent
	if agent == "" {
		agent = "berth"
	}
	// One write, so that it is one segment: some proxies parse only the first.
	head := "CONNECT " + o.Authority + " HTTP/1.1\r\nHost: " + o.Authority + "\r\nUser-Agent: " + agent + "\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		return nil, stepError(o, StepConnect, err)
	}
	answer, rest, err := readReply(conn)
	if err != nil {
		return nil, stepError(o, StepConnect, err)
	}
	if answer.status/100 != 2 {
		return nil, &RefusedError{
			Hop: o.hop(), Authority: o.Authority, Workspace: o.Workspace,
			Status: answer.status, Reason: printable(answer.reason),
		}
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, stepError(o, StepConnect, err)
	}
	if len(rest) == 0 {
		return conn, nil
	}
	return &prefixed{Conn: conn, rest: rest}, nil
}

// readReply reads the final answer from conn, passing over interim ones, and
// returns the bytes behind it: sshd speaks first, and its greeting may share
// a segment with the answer.
func readReply(conn io.Reader) (final reply, rest []byte, err error) {
	buf := make([]byte, 0, 4096)
	used := 0 // bytes of interim answers, which count toward the cap
	for {
		answer, n, err := parseReply(buf[used:])
		switch {
		case err != nil:
			return reply{}, nil, err
		case n > 0 && answer.interim():
			used += n
			continue
		case n > 0:
			return answer, buf[used+n:], nil
		case len(buf) >= maxHeader:
			return reply{}, nil, errLongReply
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(4*cap(buf), maxHeader)), buf...)
		}
		m, err := conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err != nil && m == 0 {
			if errors.Is(err, io.EOF) && len(buf) == used {
				return reply{}, nil, errNoReply
			}
			return reply{}, nil, err
		}
	}
}

// prefixed is a connection whose first bytes have been read already.
type prefixed struct {
	net.Conn
	rest []byte // read before the connection; only the reading side touches it
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
