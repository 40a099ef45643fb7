package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/workspace"
)

// login implements tui.Login: the kubeconfig's credential plugin gets the
// terminal, so that it can ask.
type login struct {
	fleet *fleet
	list  *live
}

// Login implements tui.Login.
func (l login) Login(ctx context.Context) (tui.ExecCommand, error) {
	client, err := l.fleet.now().client()
	if err != nil {
		return nil, err
	}
	cmd, err := client.Login(ctx)
	if err != nil {
		return nil, err
	}
	return &loginCommand{cmd: cmd, ctx: ctx, done: l.list.again}, nil
}

// loginCommand runs a plugin on the terminal. Its standard output are
// credentials: nobody sees them.
type loginCommand struct {
	cmd  *exec.Cmd
	ctx  context.Context // the program's
	done func()          // called when it went well
	in   io.Reader
	out  io.Writer
}

// SetStdin implements tui.ExecCommand.
func (c *loginCommand) SetStdin(r io.Reader) { c.in, c.cmd.Stdin = r, r }

// SetStdout implements tui.ExecCommand: what a plugin says to its user goes to
// standard error.
func (c *loginCommand) SetStdout(w io.Writer) { c.out, c.cmd.Stderr = w, w }

// SetStderr implements tui.ExecCommand.
func (c *loginCommand) SetStderr(io.Writer) {}

// Run logs in. After a failure the terminal is kept until enter, as the plugin
// has said there what went wrong.
func (c *loginCommand) Run() error {
	name := workspace.Safe(filepath.Base(c.cmd.Path))
	fmt.Fprintf(c.out, "berth: logging in with %s\r\n", name)
	if terminal, ok := c.in.(*os.File); ok && isTerminal(c.in) {
		defer inFront(c.cmd, terminal)()
	}
	err := c.cmd.Run()
	if err == nil {
		c.done()
		return nil
	}
	err = fmt.Errorf("%s: %w", name, err)
	if c.ctx.Err() == nil {
		defer holdTerminal(c.ctx, c.in, c.out, "logging in has failed: "+err.Error())
	}
	return workspace.WithKind(workspace.ErrForbidden, err)
}
