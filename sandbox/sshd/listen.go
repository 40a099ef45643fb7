package sshd

import (
	"context"
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxListens is how many ports and sockets one client may listen on.
const maxListens = 64

// listeners are what a client listens on with ssh -R.
type listeners struct {
	mu     sync.Mutex // guards open and closed
	open   map[string]net.Listener
	wg     sync.WaitGroup
	closed bool // set once the client is leaving
}

// add keeps a listener under its name and serves it; false when there are too
// many, or the client is leaving.
func (l *listeners) add(name string, ln net.Listener, serve func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, taken := l.open[name]; taken || l.closed || len(l.open) >= maxListens {
		return false
	}
	if l.open == nil {
		l.open = map[string]net.Listener{}
	}
	l.open[name] = ln
	l.wg.Go(serve)
	return true
}

// remove closes one listener.
func (l *listeners) remove(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, ok := l.open[name]
	if ok {
		delete(l.open, name)
		_ = ln.Close() // its accept loop ends either way
	}
	return ok
}

// closeAll closes every listener and waits for what they serve.
func (l *listeners) closeAll() {
	l.mu.Lock()
	l.closed = true
	for _, ln := range l.open {
		_ = ln.Close() // its accept loop ends either way
	}
	l.open = nil
	l.mu.Unlock()
	l.wg.Wait()
}

// bindRequest is the payload of tcpip-forward and its cancellation.
type bindRequest struct {
	Host string
	Port uint32
}

// name identifies a TCP listener; the client repeats its own words to cancel.
func (b bindRequest) name() string {
	return "tcp " + b.Host + " " + strconv.FormatUint(uint64(b.Port), 10)
}

// listenTCP serves ssh -R. Whatever address was asked for, only the loopback is
// listened on, as with OpenSSH's default of GatewayPorts.
func (c *client) listenTCP(ctx context.Context, payload []byte) (ok bool, reply []byte) {
	var m bindRequest
	if ssh.Unmarshal(payload, &m) != nil || m.Port > 1<<16-1 {
		return false, nil
	}
	host := "127.0.0.1"
	if m.Host == "::1" {
		host = m.Host
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.FormatUint(uint64(m.Port), 10)))
	if err != nil {
		c.log.Printf("remote forward: %v", err)
		return false, nil
	}
	if m.Port == 0 {
		m.Port = uint32(ln.Addr().(*net.TCPAddr).Port)
		reply = ssh.Marshal(&struct{ Port uint32 }{m.Port})
	}
	serve := func() {
		c.acceptFor(ctx, ln, "forwarded-tcpip", func(conn net.Conn) []byte {
			from, _ := conn.RemoteAddr().(*net.TCPAddr)
			target := tcpTarget{Host: m.Host, Port: m.Port}
			if from != nil {
				target.OriginHost, target.OriginPort = from.IP.String(), uint32(from.Port)
			}
			return ssh.Marshal(&target)
		})
	}
	if !c.listens.add(m.name(), ln, serve) {
		_ = ln.Close() // never used
		return false, nil
	}
	return true, reply
}

// cancelTCP ends one ssh -R.
func (c *client) cancelTCP(payload []byte) bool {
	var m bindRequest
	return ssh.Unmarshal(payload, &m) == nil && c.listens.remove(m.name())
}

// listenUnix serves ssh -R for a socket's path.
func (c *client) listenUnix(ctx context.Context, payload []byte) bool {
	var m struct{ Path string }
	if ssh.Unmarshal(payload, &m) != nil || m.Path == "" {
		return false
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", m.Path)
	if err != nil {
		c.log.Printf("remote forward: %v", err)
		return false
	}
	payloadOf := func(net.Conn) []byte {
		return ssh.Marshal(&struct{ Path, Reserved string }{m.Path, ""})
	}
	if !c.listens.add("unix "+m.Path, ln, func() { c.acceptFor(ctx, ln, "forwarded-streamlocal@openssh.com", payloadOf) }) {
		_ = ln.Close() // never used
		return false
	}
	return true
}

// cancelUnix ends one ssh -R of a socket.
func (c *client) cancelUnix(payload []byte) bool {
	var m struct{ Path string }
	return ssh.Unmarshal(payload, &m) == nil && c.listens.remove("unix "+m.Path)
}

// acceptFor offers each connection on ln to the client until ln is closed.
func (c *client) acceptFor(ctx context.Context, ln net.Listener, channelType string, payload func(net.Conn) []byte) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			channel, requests, err := c.conn.OpenChannel(channelType, payload(conn))
			if err != nil {
				_ = conn.Close() // the client refused it
				return
			}
			join(ctx, conn, channel, requests)
		})
	}
}
