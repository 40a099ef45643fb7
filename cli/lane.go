package cli

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// lanes are the connections of the shells inside the program: one for each
// workspace, shared by its shells, open for as long as there is one.
type lanes struct {
	config func(ctx context.Context, w workspace.Workspace, fellBack func(error)) (tunnel.Config, error)
	dials  *rate.Limiter // of all workspaces together: a gateway that comes back must not be run over

	mu    sync.Mutex // guards byKey
	byKey map[workspace.Key]*lane
}

// lane is the way to one workspace.
type lane struct {
	all     *lanes
	dialing chan struct{} // capacity 1: held by who connects

	mu   sync.Mutex // guards conn and what is in all connections of the lane
	conn *conn      // the newest one, nil when there is none
}

// conn is a connection and who uses it. One that does not answer is kept by
// its shells while others already have the next one.
type conn struct {
	lane   *lane
	client *tunnel.Client
	dial   tunnel.Dialer
	users  int
	shells map[*laneShell]bool

	ctx     context.Context // ends when nobody uses it any more
	end     context.CancelFunc
	looking bool // for another way
	tasks   sync.WaitGroup
}

func newLanes(config func(context.Context, workspace.Workspace, func(error)) (tunnel.Config, error)) *lanes {
	return &lanes{config: config, dials: rate.NewLimiter(2, 2), byKey: map[workspace.Key]*lane{}}
}

// to returns the lane to a workspace.
func (l *lanes) to(key workspace.Key) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey[key] == nil {
		l.byKey[key] = &lane{all: l, dialing: make(chan struct{}, 1)}
	}
	return l.byKey[key]
}

// enter returns a connection, a new one if there is none that answers. Whoever
// enters leaves.
func (l *lane) enter(ctx context.Context, w workspace.Workspace, start term.Start) (*conn, error) {
	select {
	case l.dialing <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-l.dialing }()
	if c := l.working(); c != nil {
		return c, nil
	}
	if err := l.all.dials.Wait(ctx); err != nil {
		return nil, err
	}
	config, err := l.all.config(ctx, w, func(reason error) {
		start.Tell("going through the API server: " + workspace.Safe(reason.Error()))
	})
	if err != nil {
		return nil, err
	}
	c := &conn{lane: l, users: 1, shells: map[*laneShell]bool{}, dial: config.Dial}
	c.ctx, c.end = context.WithCancel(context.Background())
	config.Env, config.OnStall = terminalEnv(config.Env), c.stalled
	if c.client, err = tunnel.Dial(ctx, config); err != nil {
		c.end()
		return nil, err
	}
	l.mu.Lock()
	l.conn = c
	l.mu.Unlock()
	return c, nil
}

// working returns the connection that there is, nil when it has ended or does
// not answer.
func (l *lane) working() *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || l.conn.client.Stalled() > 0 {
		return nil
	}
	select {
	case <-l.conn.client.Done():
		return nil
	default:
		l.conn.users++
		return l.conn
	}
}

// leave gives a connection back. The last one closes it.
func (c *conn) leave() {
	c.lane.mu.Lock()
	c.users--
	last := c.users == 0
	if last && c.lane.conn == c {
		c.lane.conn = nil
	}
	c.lane.mu.Unlock()
	if last {
		c.end()
		c.tasks.Wait()
		_ = c.client.Close() // nobody is left to tell
	}
}

// add and remove say which shells hear of stalls.
func (c *conn) add(s *laneShell) {
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	c.shells[s] = true
}

func (c *conn) remove(s *laneShell) {
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	delete(c.shells, s)
}

// stalled tells the shells that the other side does not answer, or does again.
func (c *conn) stalled(stalled bool) {
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	for s := range c.shells {
		s.start.Stalled(stalled)
	}
	if !stalled || c.looking || c.ctx.Err() != nil {
		return
	}
	c.looking = true
	c.tasks.Go(func() {
		c.redial(c.ctx)
		c.lane.mu.Lock()
		c.looking = false
		c.lane.mu.Unlock()
	})
}

// terminalEnv is the environment of shells whose terminal is the program
// itself: it has all colours, whatever is outside of it.
func terminalEnv(env []string) []string {
	out := []string{"COLORTERM=truecolor", "TERM_PROGRAM=berth"}
	for _, pair := range env {
		if !strings.HasPrefix(pair, "COLORTERM=") {
			out = append(out, pair)
		}
	}
	return out
}
