package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maxHeader is Envoy's default limit for request headers.
	maxHeader     = 60 << 10
	headerTimeout = 10 * time.Second
	dialTimeout   = 5 * time.Second
)

// errHeaderTooLong ends the reading of a request.
var errHeaderTooLong = errors.New("request header is too long")

// answer is a refusal.
type answer struct {
	code int
	body string
}

// serveConn serves one client from its request to the end of the bytes.
func (g *Gateway) serveConn(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }() // may be closed already
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	// An HTTP/1.1 client may ask again after a refusal, as it may ask Envoy.
	reader := &limited{conn: client}
	buffered := bufio.NewReader(reader)
	for {
		reader.left = maxHeader
		_ = client.SetReadDeadline(time.Now().Add(g.headerTimeout)) // a closed connection fails in the read
		upstream, refusal, err := g.request(ctx, buffered, reader)
		if err != nil {
			if refusal.code != 0 {
				refuse(client, refusal, true)
			}
			return
		}
		_ = client.SetReadDeadline(time.Time{}) // as above
		if upstream == nil {
			if !refuse(client, refusal, false) {
				return
			}
			continue
		}
		if _, err := io.WriteString(client, "HTTP/1.1 200 OK\r\ndate: "+date()+"\r\nserver: berth-sandbox\r\n\r\n"); err != nil {
			_ = upstream.Close() // the client left first
			return
		}
		// What the client sent with its request goes first; the rest is copied
		// between the sockets themselves, which the kernel can do alone.
		early, _ := buffered.Peek(buffered.Buffered()) // cannot fail
		if _, err := upstream.Write(early); err != nil {
			_ = upstream.Close() // the upstream left first
			return
		}
		join(client, upstream)
		return
	}
}

// request reads one request and connects to what it names. An error ends the
// connection; a refusal without an error leaves it open.
func (g *Gateway) request(ctx context.Context, from *bufio.Reader, raw *limited) (net.Conn, answer, error) {
	r, err := http.ReadRequest(from)
	switch {
	case errors.Is(err, errHeaderTooLong):
		return nil, answer{http.StatusRequestHeaderFieldsTooLarge, ""}, err
	case errors.Is(err, io.EOF), isNetwork(err), err != nil && errors.Is(raw.err, io.EOF):
		return nil, answer{}, err
	case err != nil && isNetwork(raw.err):
		return nil, answer{http.StatusRequestTimeout, ""}, err
	case err != nil:
		return nil, answer{http.StatusBadRequest, ""}, err
	}
	if r.Method != http.MethodConnect {
		if r.ContentLength != 0 {
			return nil, answer{http.StatusNotFound, ""}, errors.New("a body follows")
		}
		return nil, answer{http.StatusNotFound, ""}, nil
	}
	if _, _, ok := split(r.Host); !ok {
		return nil, answer{http.StatusNotFound, ""}, nil
	}
	if !g.waitSynced(ctx) {
		return nil, answer{http.StatusServiceUnavailable, "no healthy upstream"}, nil
	}
	endpoints, found := g.table.resolve(r.Host)
	if !found {
		g.log.Debug("no route", "authority", r.Host)
		return nil, answer{http.StatusNotFound, ""}, nil
	}
	if len(endpoints) == 0 {
		return nil, answer{http.StatusServiceUnavailable, "no healthy upstream"}, nil
	}
	chosen := endpoints[rand.IntN(len(endpoints))]
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	upstream, err := g.dial(dialing, chosen.ip, chosen.port)
	if err != nil {
		g.log.Info("upstream refused", "authority", r.Host, "err", err)
		return nil, answer{http.StatusServiceUnavailable, "upstream connect error or disconnect/reset before headers. reset reason: connection failure"}, nil
	}
	return upstream, answer{}, nil
}

// waitSynced waits until the table is filled for the first time, which takes a
// moment after the start.
func (g *Gateway) waitSynced(ctx context.Context) bool {
	timer := time.NewTimer(dialTimeout)
	defer timer.Stop()
	select {
	case <-g.synced:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// isNetwork reports whether reading failed below HTTP: the client is gone or slow.
func isNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network)
}

// refuse writes an answer and reports whether the connection can go on.
func refuse(client net.Conn, a answer, last bool) bool {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.code, http.StatusText(a.code))
	fmt.Fprintf(&b, "content-length: %d\r\n", len(a.body))
	if a.body != "" {
		b.WriteString("content-type: text/plain\r\n")
	}
	fmt.Fprintf(&b, "date: %s\r\nserver: berth-sandbox\r\n", date())
	if last {
		b.WriteString("connection: close\r\n")
	}
	b.WriteString("\r\n" + a.body)
	_, err := io.WriteString(client, b.String())
	return err == nil && !last
}

// date is the time in the form that HTTP wants.
func date() string { return time.Now().UTC().Format(http.TimeFormat) }

// linger is how long the second direction may go on after the first has ended.
// Closing a socket with unread bytes resets the connection, and a reset throws
// away what the peer has not read yet: the last words of a session.
const linger = time.Second

// join copies both ways until one side ends, then ends the other.
func join(client, upstream net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() { pass(upstream, client) })
	pass(client, upstream)
	wg.Wait()
	_ = client.Close()   // may be closed already
	_ = upstream.Close() // may be closed already
}

// pass copies one direction to its end and gives the other one little time.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // how it ended makes no difference
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the other side may be gone
	}
	_ = to.SetReadDeadline(time.Now().Add(linger)) // as above
}

// limited reads at most left bytes, for the header.
type limited struct {
	conn net.Conn
	left int
	err  error // the last one; net/http takes a request cut short for a malformed one
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errHeaderTooLong
	}
	n, err := l.conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	l.err = err
	return n, err
}
