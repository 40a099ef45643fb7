package cli

import (
	"errors"
	"net"
	"path/filepath"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

// An agent that asks somebody before it answers, or hangs, holds nobody up.
func TestAnAgentThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a := &app{env: environment{getenv: func(name string) string { return map[string]string{"SSH_AUTH_SOCK": socket}[name] }}}
	if keys, err := a.agentKeys(t.Context())(); !errors.Is(err, workspace.ErrUnreachable) || keys != nil {
		t.Errorf("keys %v, error %v", keys, err)
	}
	a.env.getenv = func(string) string { return "" }
	if ask := a.agentKeys(t.Context()); ask != nil {
		t.Error("there is an agent where none is named")
	}
}
