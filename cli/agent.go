package cli

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh/agent"
)

// agentTimeout bounds the conversation with an ssh agent; one that asks the
// user for a PIN before it lists keys is passed over.
const agentTimeout = 3 * time.Second

// agentKeys lists the keys of the user's ssh agent; nil where there is none.
func (a *app) agentKeys(ctx context.Context) func() ([]*agent.Key, error) {
	socket := a.env.getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil
	}
	return func() ([]*agent.Key, error) {
		conn, err := (&net.Dialer{Timeout: agentTimeout}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, err
		}
		defer func() { _ = conn.Close() }() // everything was read
		if err := conn.SetDeadline(time.Now().Add(agentTimeout)); err != nil {
			return nil, err
		}
		return agent.NewClient(conn).List()
	}
}
