package tunnel

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Client is one SSH connection to a workspace. Its methods may be called from
// several goroutines at once; sessions share the connection.
type Client struct {
	ssh   *ssh.Client
	conn  *activity
	alive *keepAlive
	env   []string
	log   *slog.Logger

	done  chan struct{} // closed once the connection is over
	cause error         // why it is over; set before done is closed

	mu     sync.Mutex // guards closed, and with it the start of new tasks
	closed bool       // by Close
	tasks  sync.WaitGroup
}

func newClient(config Config, conn *activity, client *ssh.Client) *Client {
	c := &Client{
		ssh: client, conn: conn, env: config.Env, log: config.Log,
		done: make(chan struct{}),
	}
	c.alive = &keepAlive{
		KeepAlive: config.KeepAlive.withDefaults(),
		conn:      conn,
		probe: func() error {
			_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
			return err
		},
		onStall: config.OnStall,
	}
	c.tasks.Go(func() {
		if err := c.alive.run(c.done); err != nil {
			c.log.Warn("closing the ssh connection", "error", err)
			_ = conn.Close() // not the client's Close, which would first say goodbye
		}
		c.alive.probes.Wait()
	})
	c.tasks.Go(func() {
		err := client.Wait()
		if dead := c.alive.dead.Load(); dead {
			err = errSilent
		}
		c.cause = err
		close(c.done)
	})
	return c
}

// Close ends the connection and every session on it, and waits until the
// client's goroutines are gone.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.ssh.Close() // an error means that it is closed already
	_ = c.conn.Close()
	c.tasks.Wait()
	return nil
}

// Done is closed once the connection is over, for whatever reason.
func (c *Client) Done() <-chan struct{} { return c.done }

// Stalled returns for how long the server has owed an answer, or 0 while that
// is less than the configured patience.
func (c *Client) Stalled() time.Duration { return c.alive.stalled() }

// spawn runs f in a goroutine that Close waits for. It reports false, and
// runs nothing, once the client is closed.
func (c *Client) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.tasks.Go(f)
	}
	return !c.closed
}

// lost returns the error of a session that ended without the remote's word.
func (c *Client) lost() error {
	select {
	case <-c.done:
		return &LostError{c.cause}
	default:
		return &LostError{}
	}
}
