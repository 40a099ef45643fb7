// Package editor finds the editors on this machine and opens a workspace in
// one of them, through its ssh alias.
//
// [Find] looks, [Choose] picks, [Editor.Plan] says what would run, and
// [Launch.Start] runs it. An editor with windows is started detached; one that
// lives in a terminal is only planned, because the caller has to hand its
// terminal over.
//
// Where there is no display to open a window on (an ssh session, Linux without
// X or Wayland) nothing is started: [HeadlessError] carries what to run on the
// machine in front of the user.
package editor

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/pkg/browser"

	"github.com/berth-sh/berth/workspace"
)

// EnvVar names the editor to use where none was asked for.
const EnvVar = "BERTH_EDITOR"

// Env is what this package sees of the machine.
type Env struct {
	GOOS     string
	Getenv   func(string) string
	LookPath func(string) (string, error) // as exec.LookPath
	Exists   func(path string) bool
	OpenURL  func(url string) error // may block as long as what it opens
}

// System is the Env of the running program. Call it once, at start: it also
// silences the library that opens URLs, which would write over the screen.
func System() Env {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		// A file instead of a pipe: what was opened may outlive this process
		// and must not die of its next line of output.
		browser.Stdout, browser.Stderr = null, null
	}
	return Env{
		GOOS:     runtime.GOOS,
		Getenv:   os.Getenv,
		LookPath: exec.LookPath,
		Exists:   func(path string) bool { _, err := os.Stat(path); return err == nil },
		OpenURL:  browser.OpenURL,
	}
}

// Editor is one way to open a workspace on this machine.
type Editor struct {
	ID       string // what people type: code, cursor, nvim
	Name     string // what people read: VS Code
	Program  string // absolute path of its command; "" opens a URL instead
	Terminal bool   // wants the caller's terminal
	Note     string // what the user should know about this one, "" for nothing
	Needs    Needs  // of the workspace

	row      row
	headless string // why no window can be opened, "" when one can
	openURL  func(string) error
}

// NotFoundError says that no editor was found; it is of kind
// workspace.ErrNotFound.
type NotFoundError struct {
	Searched []string // every command and place that was tried
}

// Error lists the places.
func (e *NotFoundError) Error() string {
	return "no editor found; searched " + strings.Join(e.Searched, ", ")
}

// Unwrap makes errors.Is(err, workspace.ErrNotFound) true.
func (e *NotFoundError) Unwrap() error { return workspace.ErrNotFound }

// Find gives the editors that are on this machine, in order of preference:
// windows first. One in a terminal counts when the user has it here as well;
// whether the workspace has it shows only there.
func Find(env Env) []Editor {
	var found []Editor
	for _, r := range table() {
		if e, ok, _ := r.find(env); ok {
			found = append(found, e)
		}
	}
	return found
}

// Choose picks an editor: the one that is named, else the one that
// BERTH_EDITOR names, else the first that Find gives. A named editor whose
// command is missing is opened through its URL, if it has one.
func Choose(env Env, name string) (Editor, error) {
	asked := name
	if name == "" {
		name = env.Getenv(EnvVar)
	}
	if name != "" {
		e, err := named(env, name)
		if err != nil && asked == "" {
			err = workspace.WithHint(err, "the name comes from "+EnvVar)
		}
		return e, err
	}
	var searched []string
	for _, r := range table() {
		e, ok, places := r.find(env)
		if ok {
			return e, nil
		}
		searched = append(searched, places...)
	}
	return Editor{}, workspace.WithHint(&NotFoundError{searched},
		"install VS Code with its command code, or choose one that runs in the workspace: --in nvim")
}

func named(env Env, name string) (Editor, error) {
	if e, ok := byPath(env, name); ok {
		return e, nil
	}
	var ids []string
	for _, r := range table() {
		ids = append(ids, r.id)
		if r.id != name && r.name != name && !slices.Contains(r.programs, name) && !slices.Contains(r.synonyms, name) {
			continue
		}
		e, ok, searched := r.find(env)
		if ok || !e.Terminal {
			return e, nil
		}
		if _, err := env.LookPath("ssh"); err != nil {
			return Editor{}, workspace.WithHint(&NotFoundError{searched}, "install OpenSSH's client")
		}
		return e, nil
	}
	return Editor{}, workspace.WithHint(workspace.Usagef("editor %q is not known", workspace.Safe(name)),
		"known are "+strings.Join(ids, ", ")+", or the path of one of their programs")
}

// headless tells why no window can be opened here, "" when one can.
func headless(env Env) string {
	switch {
	case env.Getenv("SSH_CONNECTION") != "":
		return "this is an ssh session"
	case env.GOOS == "linux" && env.Getenv("DISPLAY") == "" && env.Getenv("WAYLAND_DISPLAY") == "":
		return "there is no display"
	}
	return ""
}

// HeadlessError says that a window was not opened, and what to run on the
// machine in front of the user. Either field works alone.
type HeadlessError struct {
	Editor  string
	Reason  string
	Command string
	URL     string
}

// Error gives the reason.
func (e *HeadlessError) Error() string { return "not starting " + e.Editor + ": " + e.Reason }

// Start opens the planned editor and returns when it runs: after at most two
// seconds, or earlier with the reason why it ended. Cancelling ctx gives up
// waiting and leaves the editor alone. A HeadlessError, with a hint, means that
// nothing was started. A launch for a terminal is not started here.
func (l Launch) Start(ctx context.Context) error {
	switch {
	case l.Terminal:
		return errors.New("starting " + l.name + ": it needs the terminal")
	case l.headless != "":
		return workspace.WithHint(
			&HeadlessError{Editor: l.name, Reason: l.headless, Command: l.command, URL: l.address},
			"on the machine with the screen, run: "+l.command+"\nor open: "+l.address)
	case l.URL != "":
		return l.open(ctx)
	}
	return l.run(ctx)
}
