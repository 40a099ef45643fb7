package cli

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"sync"

	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/workspace"
)

// How much garbage there may be beside what is in use, in percent. A long list
// is read in a moment and then looked at for a day: once it is there, memory
// matters more than the time that collecting takes. While it changes, each
// snapshot of ten thousand rows is some megabytes of garbage.
const (
	gcListing  = 50
	gcAliasing = 10 // many small texts, of which nobody waits for the last
	gcLooking  = 35
)

// runProgram opens the terminal program. Nothing here asks a cluster: the
// first frame does not wait for one.
func runProgram(ctx context.Context, a *app) error {
	if !isTerminal(a.in) || !isTerminal(a.out) {
		return workspace.WithHint(workspace.Usagef("the program needs a terminal"), "commands work without one: berth ls, berth --help")
	}
	if !supervised() {
		if ok, err := a.supervise(ctx); ok {
			return err
		}
	}
	config, err := a.config()
	if err != nil {
		return err
	}
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	// Whatever would be written beside the screen goes to the log.
	a.fullScreen, a.err = true, a.logFile
	defer func() { _ = os.Remove(a.env.pluginReport()) }() // most often there is none

	defer debug.SetGCPercent(debug.SetGCPercent(gcListing))

	fleet := newFleet(a)
	list := newLive(fleet, fleet.several())
	running, stop := context.WithCancel(ctx)
	var lists sync.WaitGroup
	lists.Go(func() { list.run(running) })
	defer lists.Wait()
	defer stop()

	panes := newPaneShells(fleet, config.Shell)
	defer panes.wait()
	err = tui.Run(ctx, tui.Config{
		Source: list, Scope: list, Looker: list,
		Actions: actions{fleet}, Reader: reader{fleet, list}, Sessions: newSessions(fleet), Shells: panes, Consent: consent{a, dir}, Examiner: examiner{fleet},
		Clipboard: clipboardFor(a.env), Guard: config.guard, Memory: &lookFile{path: a.env.lookFile(), log: a.logger()},
		Files: files{a.env.home}, Meter: meter{fleet, panes.lanes}, Login: login{fleet, list},
		Prefix: config.Shell.Prefix, History: config.Shell.History,
		ReadOnly: a.flags.readOnly || config.ReadOnly, Plain: a.flags.plain || config.Plain, Light: lightBackground(a.env.getenv("COLORFGBG")),
		Version: versionString(), LogPath: a.logPath(),
	}, tui.Options{Input: a.in, Output: a.out, Env: os.Environ()})
	var interrupt *interruptError
	if err == nil && errors.As(context.Cause(ctx), &interrupt) {
		return interrupt
	}
	return err
}

// logPath is the log, if everything is written to it.
func (a *app) logPath() string {
	if a.flags.debug {
		return a.env.logFile()
	}
	return ""
}
