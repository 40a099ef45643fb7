package tunnel

import (
	"context"
	"sync"
)

// link is the connection of now. Whoever finds none waits for the next.
type link struct {
	mu     sync.Mutex    // guards what follows
	client *Client       // nil while there is none
	there  chan struct{} // closed while there is one
}

func newLink() *link { return &link{there: make(chan struct{})} }

// set puts a connection in; nil takes it out.
func (l *link) set(client *Client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil && client != nil {
		close(l.there)
	} else if l.client != nil && client == nil {
		l.there = make(chan struct{})
	}
	l.client = client
}

// drop takes out a connection that has been found dead, unless another one is
// in its place already.
func (l *link) drop(client *Client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == client {
		l.client, l.there = nil, make(chan struct{})
	}
}

// get gives the connection, and waits for it until ctx ends.
func (l *link) get(ctx context.Context) (*Client, error) {
	for {
		l.mu.Lock()
		client, there := l.client, l.there
		l.mu.Unlock()
		if client != nil {
			return client, nil
		}
		select {
		case <-there:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
