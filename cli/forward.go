package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace/alias"
)

// forwardOptions are the arguments of `berth forward`.
type forwardOptions struct {
	name    string
	local   []string // listen here
	reverse []string // listen in the workspace
	start   bool
}

func newForward(a *app) *cobra.Command { return newForwardCommand(a, a.runForward) }

func newForwardCommand(a *app, runF func(context.Context, forwardOptions) error) *cobra.Command {
	var o forwardOptions
	cmd := &cobra.Command{
		Use:   "forward NAME [LOCAL:]REMOTE...",
		Short: "Reach ports of a workspace on this machine",
		Long: `Listen on this machine and carry each connection to the workspace, until interrupted.
The ports stay while the workspace restarts or the network is away: the connection
is made again by itself.

  8080                    port 8080 on both sides
  8080:3000               local 8080, the workspace's 3000
  0:3000                  any free local port
  127.0.0.1:8080:3000     on another local address; * is all of them
  8080:db:5432            another machine, as the workspace sees it
  8000-8010:9000-9010     ranges
  ./app.sock:/run/app.sock

Only this machine can connect unless an address is named. With -R the first part
listens in the workspace and the rest is here.`,
		Example: `  berth forward api 8080:3000
  berth forward api 5432:db:5432 8000-8010
  berth forward api -R 9000:3000`,
		Args:              atLeast(1, "the workspace's name"),
		ValidArgsFunction: a.completeFirst(a.completeWorkspaces(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.local = args[0], args[1:]
			if len(o.local)+len(o.reverse) == 0 {
				return usageError(cmd, "what to forward is missing")
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().StringArrayVarP(&o.reverse, "reverse", "R", nil, "`REMOTE:LOCAL`: listen in the workspace; repeat")
	cmd.Flags().BoolVar(&o.start, "start", false, "start the workspace if it is stopped")
	return cmd
}

// completeFirst completes the first argument and leaves the others alone.
func (a *app) completeFirst(first cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return first(cmd, args, word)
	}
}

// runForward forwards until it is interrupted.
func (a *app) runForward(ctx context.Context, o forwardOptions) error {
	forwards, err := o.parse()
	if err != nil {
		return err
	}
	f, err := a.target(ctx, o.name, o.start)
	if err != nil {
		return err
	}
	tell := forwardNews{app: a, name: f.Name, alias: f.Alias}
	err = tunnel.Forwarder{
		Dial:     func(ctx context.Context) (*tunnel.Client, error) { return a.dialForward(ctx, f, tell) },
		Forwards: forwards, Tell: tell.hear,
	}.Run(ctx)
	var busy *tunnel.ListenError
	if errors.As(err, &busy) && !busy.Forward.Reverse {
		return explainBusy(ctx, busy, forwards)
	}
	return err
}

// parse reads the arguments before anything else is done.
func (o forwardOptions) parse() ([]tunnel.Forward, error) {
	var all []tunnel.Forward
	for _, side := range []struct {
		args    []string
		reverse bool
	}{{o.local, false}, {o.reverse, true}} {
		for _, arg := range side.args {
			forwards, err := tunnel.ParseForward(arg, side.reverse)
			if err != nil {
				return nil, err
			}
			all = append(all, forwards...)
		}
	}
	return all, nil
}

// dialForward logs in once: the forwarder says when to try again. The alias is
// read anew, since the gateway may have moved.
func (a *app) dialForward(ctx context.Context, f alias.File, tell forwardNews) (*tunnel.Client, error) {
	if dir, err := a.ssh(); err == nil {
		if now, err := dir.Read(f.Alias); err == nil && now.HostKey == f.HostKey {
			f = now
		}
	}
	config, err := a.login(f, a.tellFallback())
	if err != nil {
		return nil, err
	}
	config.OnStall = tell.stalled
	return tunnel.Dial(ctx, config)
}

// forwardNews tells what happens to forwards, on standard error.
type forwardNews struct {
	app         *app
	name, alias string
}

func (n forwardNews) say(format string, args ...any) {
	n.app.note(fmt.Sprintf(format, args...))
}

// hear is a tunnel.Forwarder's Tell.
func (n forwardNews) hear(e tunnel.ForwardEvent) {
	switch e.State {
	case tunnel.ForwardListens:
		n.listens(e.Forward)
	case tunnel.ForwardLost:
		n.say("connection to %s lost, trying again: %s", n.name, strings.TrimPrefix(e.Why(), "connection to the workspace lost: "))
	case tunnel.ForwardTries:
		n.say("%s cannot be reached yet: %s", n.name, e.Why())
	case tunnel.ForwardConnected:
		n.say("connected to %s again after %s", n.name, e.Down.Round(100*time.Millisecond))
	case tunnel.ForwardRefused:
		n.say("%s: %s", e.Forward.Target, e.Why())
	case tunnel.ForwardWaits:
		n.say("%s in %s is still taken, trying again", e.Forward.Listen, n.name)
	}
}

func (n forwardNews) listens(f tunnel.Forward) {
	if f.Reverse {
		n.say("%s in %s → %s here", f.Listen, n.name, f.Target)
		return
	}
	n.say("%s → %s in %s", f.Listen, f.Target, n.name)
	if f.Listen.Exposed() {
		n.say("  other machines can connect to %s", f.Listen)
	}
}

func (n forwardNews) stalled(stalled bool) {
	if stalled {
		n.say("%s does not answer", n.name)
	} else {
		n.say("%s answers again", n.name)
	}
}
