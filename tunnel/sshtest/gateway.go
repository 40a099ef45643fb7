package sshtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Gateway is a listener on loopback whose every connection is served by one
// function. It counts connections.
type Gateway struct {
	Addr string

	mu    sync.Mutex // guards conns and count
	conns map[net.Conn]bool
	count int
}

// Listen serves connections with handle until the test ends. handle need not
// close the connection. A config makes it a TLS gateway.
func Listen(t testing.TB, config *tls.Config, handle func(net.Conn)) *Gateway {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{Addr: ln.Addr().String(), conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			g.track(conn)
			serving.Go(func() {
				defer g.forget(conn)
				if config != nil {
					handle(tls.Server(conn, config))
					return
				}
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		g.CloseAll()
		serving.Wait()
	})
	return g
}

func (g *Gateway) track(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = true
	g.count++
}

func (g *Gateway) forget(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
	_ = conn.Close()
}

// CloseAll cuts every open connection.
func (g *Gateway) CloseAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

// Count returns how many connections there have been.
func (g *Gateway) Count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}

// ReadRequest reads the CONNECT request, nil when there is none.
func ReadRequest(conn net.Conn) *http.Request {
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return nil
	}
	return request
}

// Say reads the request, writes answer in one piece, and keeps the connection
// open until the client goes.
func Say(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		if ReadRequest(conn) == nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// Forward answers CONNECT with answer and joins the connection with target.
// The first bytes of target share a write with the answer.
func Forward(target, answer string) func(net.Conn) {
	return func(conn net.Conn) {
		if ReadRequest(conn) == nil {
			return
		}
		var dialer net.Dialer
		far, err := dialer.DialContext(context.Background(), "tcp", target)
		if err != nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\n\r\n")
			return
		}
		first := make([]byte, 4096)
		n, _ := far.Read(first)
		_, _ = conn.Write(append([]byte(answer), first[:n]...))
		Join(conn, far)
	}
}

// Join copies both ways until either side ends, then closes both, as Envoy
// does.
func Join(a, b net.Conn) {
	var copies sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		copies.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = a.Close()
			_ = b.Close()
		})
	}
	copies.Wait()
}
