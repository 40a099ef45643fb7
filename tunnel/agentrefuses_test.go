package tunnel_test

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
)

// unwilling is an agent that shows its keys and signs with none, as one does
// whose user has not confirmed, or whose card is out.
type unwilling struct{ agent.ExtendedAgent }

var errUnwilling = errors.New("agent refused operation")

func (unwilling) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) { return nil, errUnwilling }

func (unwilling) SignWithFlags(ssh.PublicKey, []byte, agent.SignatureFlags) (*ssh.Signature, error) {
	return nil, errUnwilling
}

// serveAgent gives an agent a socket.
func serveAgent(t *testing.T, a agent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() { // ends with the listener
		for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
			go func() { _ = agent.ServeAgent(a, conn); _ = conn.Close() }()
		}
	}()
	return socket
}

// An agent that refuses is named, with what to do: the server and the way to it
// are well.
func TestAnAgentThatRefusesIsNamed(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	inner := agent.NewClient(dialUnix(t, startAgent(t, server.KeyFile)))
	config := configFor(server)
	config.Keys = tunnel.Keys{Agent: serveAgent(t, unwilling{inner})}
	_, err := tunnel.Dial(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "the ssh agent would not sign with "+ssh.FingerprintSHA256(server.Key.PublicKey())) {
		t.Errorf("error %v", err)
	}
	if errors.Is(err, workspace.ErrUnreachable) || !strings.Contains(workspace.HintOf(err), "confirm") {
		t.Errorf("it is told as a lost connection: %v, hint %q", err, workspace.HintOf(err))
	}
}

func dialUnix(t *testing.T, socket string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
