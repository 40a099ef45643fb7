package cli

// What carries files to a workspace: the system's ssh by the alias, which knows
// everybody's keys and is fast, else the client in this program.

import (
	"context"
	"errors"
	"io"
	"os/exec"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// carrier is a way to a workspace.
type carrier struct {
	files interface {
		io.Reader
		io.WriteCloser
	}
	shell func() (io.ReadWriteCloser, error) // another stream, to a shell that reads commands
	close func()
	err   func() error // why it has ended, where that is known
}

// explain says why a way was lost, in the words of who knows.
func (c *carrier) explain(err error) error {
	if why := c.err(); why != nil {
		for _, hint := range errorHints(err) {
			why = workspace.WithHint(why, hint)
		}
		return why
	}
	return err
}

func errorHints(err error) []string {
	if hint := workspace.HintOf(err); hint != "" {
		return []string{hint}
	}
	return nil
}

// carry opens a way. It ends with ctx.
func (a *app) carry(ctx context.Context, f alias.File) (*carrier, error) {
	program, err := exec.LookPath("ssh")
	if err != nil || errors.Is(err, exec.ErrDot) || f.Alias == "" {
		return a.carryInside(ctx, f)
	}
	dir, err := a.ssh()
	if err != nil {
		return nil, err
	}
	if _, err := dir.Read(f.Alias); err != nil {
		return a.carryInside(ctx, f) // ssh knows the alias no better
	}
	ssh, err := transfer.Carry(ctx, transfer.SSH(program, dir.SSHArgs(), f.Alias))
	if err != nil {
		return nil, err
	}
	return &carrier{
		files: ssh,
		shell: func() (io.ReadWriteCloser, error) {
			return transfer.Carry(ctx, transfer.SSHShell(program, dir.SSHArgs(), f.Alias))
		},
		close: func() { _ = ssh.Close() }, // everything was answered
		err:   ssh.Err,
	}, nil
}

// carryInside is carry by this program's own client.
func (a *app) carryInside(ctx context.Context, f alias.File) (*carrier, error) {
	client, err := a.dialBy(ctx, f, a.tellFallback())
	if err != nil {
		return nil, err
	}
	files, err := client.Subsystem(ctx, "sftp")
	if err != nil {
		_ = client.Close() // the error at hand is the one to report
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	return &carrier{
		files: files,
		shell: func() (io.ReadWriteCloser, error) { return client.Pipe(ctx, "sh") },
		close: func() { stop(); _ = client.Close() }, // everything was answered
		err:   func() error { return nil },
	}, nil
}
