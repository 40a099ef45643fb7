package tunnel

// Forwards that outlive their connection.
//
// Listening ends on this machine are opened once and stay, whatever becomes of
// the connection to the workspace. When that is lost it is made again: at once,
// then ever more seldom, never more than twice a second, until the caller has
// enough of it. Whoever connects meanwhile waits a moment for it, and is then
// refused. A server that has gone silent counts as lost as soon as a second
// connection gets through: then the first has been forgotten on the way.
//
// Each carried connection has goroutines, a channel and a window of its own, so
// one that is cut, or that nobody reads, does nothing to the others.

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/berth-sh/berth/workspace"
)

const (
	redialFirst = 500 * time.Millisecond // the shortest pause between two dials
	redialMost  = 2 * time.Second
	// gapPatience is how long a connection waits for one to the workspace, and
	// for its far end: as long as a person waits before trying again.
	gapPatience = 10 * time.Second
	// silentFor is the default of Forwarder.Silence.
	silentFor = 10 * time.Second
)

// ForwardState says what has happened to forwards.
type ForwardState int

// The states of a ForwardEvent.
const (
	ForwardListens   ForwardState = iota // a forward is ready; Forward has its real address
	ForwardLost                          // the connection to the workspace has ended; Err is why
	ForwardTries                         // it could not be made again; Err is why, told once for each reason
	ForwardConnected                     // it is there again, after Down
	ForwardRefused                       // a connection found nothing at the forward's target; Err is why
	ForwardWaits                         // the workspace cannot listen yet; Err is why
)

// ForwardEvent is one piece of news.
type ForwardEvent struct {
	State   ForwardState
	Forward Forward
	Down    time.Duration
	Err     error
}

// Why is Err in words for people.
func (e ForwardEvent) Why() string {
	if e.Err == nil {
		return ""
	}
	return refusal(e.Err)
}

// Forwarder keeps forwards going.
type Forwarder struct {
	// Dial logs in to the workspace, one attempt a call.
	Dial     func(ctx context.Context) (*Client, error)
	Forwards []Forward
	// Tell hears what happens, from several goroutines at once, and must not
	// block.
	Tell func(ForwardEvent)
	// Silence is how long the server may owe an answer before a second
	// connection is tried beside the first; 0 means 10 s.
	Silence time.Duration
}

// Run forwards until ctx ends, and returns its cause. It fails with a
// *ListenError where an end is not to be had, with Dial's error where the
// workspace cannot be reached in the first place, and later only where dialling
// again would be wrong: another host key, or keys that are no longer accepted.
// All that it started has ended when it returns.
func (f Forwarder) Run(ctx context.Context) error {
	if f.Silence <= 0 {
		f.Silence = silentFor
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &forwarding{Forwarder: f, link: newLink()}
	defer r.tasks.Wait()
	defer cancel()
	local, err := listenAll(ctx, f.Forwards)
	defer closeAll(local)
	if err != nil {
		return err
	}
	client, err := r.dial(ctx)
	if err != nil {
		return err
	}
	if err := r.reverse(ctx, client, true); err != nil {
		_ = client.Close() // the error at hand is the one to report
		return err
	}
	for _, l := range local {
		r.tasks.Go(func() { r.accept(ctx, l.Listener, l.forward) })
		if l.first {
			r.Tell(ForwardEvent{State: ForwardListens, Forward: l.forward})
		}
	}
	return r.keep(ctx, client)
}

// forwarding is one run of a Forwarder.
type forwarding struct {
	Forwarder
	link    *link
	tasks   sync.WaitGroup
	dialled time.Time // when the last dial began
}

// dial logs in, and notes when.
func (r *forwarding) dial(ctx context.Context) (*Client, error) {
	r.dialled = time.Now()
	return r.Dial(ctx)
}

// keep has the link follow the connection, and makes a new one when it is lost.
func (r *forwarding) keep(ctx context.Context, client *Client) error {
	for {
		r.link.set(client)
		next, err := r.watch(ctx, client)
		if next == nil {
			r.link.set(nil)
			_ = client.Close()
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			lost := time.Now()
			r.Tell(ForwardEvent{State: ForwardLost, Err: err})
			if next, err = r.redial(ctx); err != nil {
				return err
			}
			r.Tell(ForwardEvent{State: ForwardConnected, Down: time.Since(lost)})
		} else {
			silent := client
			r.tasks.Go(func() { _ = silent.Close() }) // in the background: nobody answers it
		}
		client = next
		_ = r.reverse(ctx, client, false) // it fails only the first time
	}
}

// watch waits for the end of the connection, which is the error, or gives the
// one that takes its place.
func (r *forwarding) watch(ctx context.Context, client *Client) (*Client, error) {
	ticker := time.NewTicker(r.Silence / 10)
	defer ticker.Stop()
	pause := newPause()
	var tried time.Time
	for {
		select {
		case <-ctx.Done():
			return nil, nil //nolint:nilerr // the caller looks at ctx itself
		case <-client.Done():
			return nil, client.lost()
		case <-ticker.C:
		}
		if client.Stalled() < r.Silence || time.Since(tried) < pause.next {
			continue
		}
		tried = time.Now()
		pause.grow()
		second, err := r.dial(ctx)
		if err != nil {
			continue
		}
		if client.Stalled() > 0 {
			return second, nil
		}
		_ = second.Close() // the first lives after all
	}
}

// redial makes a new connection, however long that takes.
func (r *forwarding) redial(ctx context.Context) (*Client, error) {
	told := ""
	for pause := newPause(); ; pause.grow() {
		// The first dial does not wait, unless there was one a moment ago: a
		// server may let everybody in and hang up.
		select {
		case <-time.After(redialFirst - time.Since(r.dialled)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		begun := time.Now()
		client, err := r.dial(ctx)
		if err == nil {
			return client, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var wrong *HostKeyError
		var refused *AuthError
		if errors.As(err, &wrong) || errors.As(err, &refused) {
			return nil, err
		}
		if text := err.Error(); text != told {
			told = text
			r.Tell(ForwardEvent{State: ForwardTries, Err: err})
		}
		select {
		case <-time.After(pause.next - min(time.Since(begun), pause.next-redialFirst)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// pause is the time between two dials.
type pause struct{ next time.Duration }

func newPause() *pause { return &pause{redialFirst} }

func (p *pause) grow() { p.next = min(p.next*3/2, redialMost) }

// accept carries whatever connects to a listening end.
func (r *forwarding) accept(ctx context.Context, l net.Listener, f Forward) {
	for {
		conn, err := l.Accept()
		if err == nil {
			r.tasks.Go(func() { r.carry(ctx, conn, f) })
			continue
		}
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond): // out of descriptors: others will be closed
		case <-ctx.Done():
			return
		}
	}
}

// carry joins one connection with its target in the workspace.
func (r *forwarding) carry(ctx context.Context, conn net.Conn, f Forward) {
	far, err := r.reach(ctx, f.Target)
	if err != nil {
		reset(conn)
		if ctx.Err() == nil {
			r.Tell(ForwardEvent{State: ForwardRefused, Forward: f, Err: err})
		}
		return
	}
	join(ctx, conn, far)
}

// reach connects to an end in the workspace. A connection that is lost while it
// is asked is not an answer: the next one is.
func (r *forwarding) reach(ctx context.Context, to Endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, gapPatience, errNoConnection)
	defer cancel()
	for {
		client, err := r.link.get(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := client.dial(ctx, to)
		var lost *LostError
		if !errors.As(err, &lost) {
			return conn, err
		}
		r.link.drop(client)
	}
}

var errNoConnection = workspace.WithKind(workspace.ErrUnreachable, errors.New("there is no connection to the workspace"))
