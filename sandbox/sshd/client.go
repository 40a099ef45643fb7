package sshd

import (
	"context"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// client is one authenticated connection. Its goroutines end before run returns.
type client struct {
	server *Server
	conn   *ssh.ServerConn
	log    *log.Logger

	channels atomic.Int32 // open channels that the client asked for
	listens  listeners
}

// run serves the connection until the client leaves or ctx ends.
func (c *client) run(ctx context.Context, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { c.serveGlobal(ctx, requests) })
	wg.Go(func() { c.keepAlive(ctx) })
	// Sessions get the chance to end their processes and to report the exit
	// before the connection goes; forwards end with the connection.
	var sessions sync.WaitGroup
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for request := range channels {
			c.accept(ctx, request, &wg, &sessions)
		}
	}()
	select {
	case <-ctx.Done():
		waitAtMost(&sessions, 4*hangupGrace)
	case <-accepting:
	}
	cancel()
	_ = c.conn.Close() // the client may have closed it
	<-accepting
	c.listens.closeAll()
	sessions.Wait()
	wg.Wait()
}

// waitAtMost waits for wg, but not for a client that does not answer.
func waitAtMost(wg *sync.WaitGroup, limit time.Duration) {
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }() // ends when the connection is closed
	select {
	case <-ended:
	case <-time.After(limit):
	}
}

// accept starts what serves one channel, or refuses it.
func (c *client) accept(ctx context.Context, request ssh.NewChannel, forwards, sessions *sync.WaitGroup) {
	if ctx.Err() != nil || c.channels.Add(1) > maxChannels {
		if ctx.Err() == nil {
			c.channels.Add(-1)
		}
		_ = request.Reject(ssh.ResourceShortage, "too many channels") // else the connection is gone
		return
	}
	serve := map[string]func(context.Context, ssh.NewChannel){
		"session":                        c.serveSession,
		"direct-tcpip":                   c.serveDirectTCP,
		"direct-streamlocal@openssh.com": c.serveDirectUnix,
	}[request.ChannelType()]
	if serve == nil {
		c.channels.Add(-1)
		_ = request.Reject(ssh.UnknownChannelType, "unknown channel type") // else the connection is gone
		return
	}
	group := forwards
	if request.ChannelType() == "session" {
		group = sessions
	}
	group.Go(func() {
		defer c.channels.Add(-1)
		serve(ctx, request)
	})
}

// serveGlobal answers requests that belong to no channel.
func (c *client) serveGlobal(ctx context.Context, requests <-chan *ssh.Request) {
	for r := range requests {
		ok, payload := false, []byte(nil)
		switch r.Type {
		case "keepalive@openssh.com":
			ok = true
		case "tcpip-forward":
			ok, payload = c.listenTCP(ctx, r.Payload)
		case "cancel-tcpip-forward":
			ok = c.cancelTCP(r.Payload)
		case "streamlocal-forward@openssh.com":
			ok = c.listenUnix(ctx, r.Payload)
		case "cancel-streamlocal-forward@openssh.com":
			ok = c.cancelUnix(r.Payload)
		}
		if r.WantReply {
			_ = r.Reply(ok, payload) // else the connection is gone
		}
	}
}

// keepAlive closes the connection when the client has not answered for long.
func (c *client) keepAlive(ctx context.Context) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		answered := make(chan error, 1)
		go func() { // ends with the connection at the latest
			_, _, err := c.conn.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case <-ctx.Done():
			return
		case err := <-answered:
			if err != nil {
				return
			}
		case <-time.After(aliveEvery * aliveMissed):
			c.log.Printf("Timeout, client not responding from %s", c.conn.RemoteAddr())
			_ = c.conn.Close() // ends run
			return
		}
	}
}
