package connect

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// request asks the far end of conn for a tunnel to target and waits for the
// answer. Any answer is returned; only a 2xx makes the connection a tunnel.
func (w way) request(conn net.Conn, at hop, target, authorization string) (net.Conn, reply, error) {
	if err := conn.SetDeadline(time.Now().Add(w.timeout())); err != nil {
		return nil, reply{}, w.stepError(at, StepConnect, err)
	}
	agent := w.UserAgent
	if agent == "" {
		agent = "berth"
	}
	head := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: " + agent + "\r\n"
	if authorization != "" {
		head += "Proxy-Authorization: " + authorization + "\r\n"
	}
	// One write, so that it is one segment: some proxies parse only the first.
	_, unsent := io.WriteString(conn, head+"\r\n")
	if errors.Is(unsent, os.ErrDeadlineExceeded) {
		return nil, reply{}, w.stepError(at, StepConnect, unsent)
	}
	// Who hangs up before it is asked may have said why: an alert about a
	// certificate, "too many connections".
	from := exactly(conn)
	answer, rest, err := readReply(from)
	if fault, _ := classify(StepConnect, err); unsent != nil && (err == nil && answer.status/100 == 2 || fault.hungUp()) {
		err = unsent
	}
	if err != nil {
		return nil, reply{}, w.stepError(at, StepConnect, err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, reply{}, w.stepError(at, StepConnect, err)
	}
	if _, left := from.(buffered); !left || len(rest) == 0 {
		return conn, answer, nil
	}
	return &prefixed{Conn: conn, rest: rest}, answer, nil
}

// answerer is what an answer is read from.
type answerer interface {
	// look returns at least one byte of what has arrived.
	look(b []byte) (int, error)
	// take gives up the first len(b) bytes that look has returned last; the
	// others come again. Not every answerer can.
	take(b []byte) error
}

// buffered takes whatever it looks at.
type buffered struct{ io.Reader }

func (r buffered) look(b []byte) (int, error) { return r.Read(b) }
func (buffered) take([]byte) error            { return nil }

// readReply reads the final answer, passing over interim ones, and returns the
// bytes behind it that it has seen: sshd speaks first, and its greeting may
// share a segment with the answer.
func readReply(from answerer) (final reply, rest []byte, err error) {
	buf := make([]byte, 0, 4096)
	used := 0 // bytes of interim answers, which count toward the cap
	seen := 0 // bytes before those that look has returned last
	for {
		answer, n, err := parseReply(buf[used:])
		switch {
		case err != nil:
			return reply{}, nil, err
		case n > 0 && answer.interim():
			used += n
			continue
		case n > 0:
			return answer, buf[used+n:], from.take(buf[seen : used+n])
		case len(buf) >= maxHeader:
			return reply{}, nil, errLongReply
		}
		if err := from.take(buf[seen:]); err != nil {
			return reply{}, nil, err
		}
		seen = len(buf)
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(4*cap(buf), maxHeader)), buf...)
		}
		m, err := from.look(buf[len(buf):cap(buf)])
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
