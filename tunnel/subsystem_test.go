package tunnel_test

import (
	"io"
	"strings"
	"testing"

	"github.com/pkg/sftp"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
)

func TestSubsystemCarriesSFTP(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	client := login(t, configFor(server))
	stream, err := client.Subsystem(t.Context(), "sftp")
	if err != nil {
		t.Fatal(err)
	}
	files, err := sftp.NewClientPipe(stream, stream)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := files.Stat(server.KeyFile); err != nil {
		t.Error(err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if _, err := files.Stat(server.KeyFile); err == nil {
		t.Error("a closed stream still answers")
	}
	if _, err := client.Subsystem(t.Context(), "no-such"); err == nil || !strings.Contains(err.Error(), "has no no-such") || workspace.HintOf(err) == "" {
		t.Errorf("an unknown subsystem: %v", err)
	}
}

// What a command says on standard error must not fill the session's window.
func TestPipeIsNotHeldUpByStandardError(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	stream, err := client.Pipe(t.Context(), "head -c 5000000 /dev/zero >&2; cat")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	if _, err := io.WriteString(stream, "through"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if _, err := io.ReadFull(stream, got); err != nil || string(got) != "through" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestForwardsTellsARefusalFromAClosedPort(t *testing.T) {
	t.Parallel()
	if err := login(t, configFor(sshtest.Start(t))).Forwards(t.Context()); err != nil {
		t.Errorf("allowed: %v", err)
	}
	err := login(t, configFor(sshtest.Start(t, "AllowTcpForwarding no"))).Forwards(t.Context())
	if err == nil || !strings.Contains(workspace.HintOf(err), "AllowTcpForwarding yes") {
		t.Errorf("not allowed: %v", err)
	}
}
