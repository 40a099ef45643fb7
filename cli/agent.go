package cli

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/tunnel"
)

// agentTimeout bounds the conversation with an ssh agent; one that asks the
// user for a PIN before it lists keys is passed over.
const agentTimeout = 3 * time.Second

// windowsAgent is where the agent of Windows listens, of which no variable
// tells.
const windowsAgent = `\\.\pipe\openssh-ssh-agent`

// agentAddress is where the user's ssh agent listens, as ssh finds it; "" for
// none.
func (a *app) agentAddress() string {
	if address := a.env.getenv("SSH_AUTH_SOCK"); address != "" || runtime.GOOS != "windows" {
		return address
	}
	return windowsAgent
}

// agentKeys lists the keys of the user's ssh agent; nil where there is none.
func (a *app) agentKeys(ctx context.Context) func() ([]*agent.Key, error) {
	address := a.agentAddress()
	if address == "" {
		return nil
	}
	return func() ([]*agent.Key, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, agentTimeout, timedOut(agentTimeout))
		defer cancel()
		conn, err := tunnel.DialAgent(ctx, address)
		if address == windowsAgent && errors.Is(err, fs.ErrNotExist) {
			return nil, nil // Windows has one that is switched off
		}
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends the reading
		keys, err := agent.NewClient(conn).List()
		if !stop() {
			return nil, context.Cause(ctx)
		}
		_ = conn.Close() // everything was read
		return keys, err
	}
}
