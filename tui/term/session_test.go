//go:build unix

package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// localShell is a program on a terminal of this machine.
type localShell struct {
	*os.File
	cmd  *exec.Cmd
	once sync.Once
}

func startLocal(ctx context.Context, rows, cols int, argv ...string) (*localShell, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"TERM=xterm-256color", "PS1=$ ", "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HISTFILE="}
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
	if err != nil {
		return nil, err
	}
	return &localShell{File: p, cmd: cmd}, nil
}

func (l *localShell) Resize(rows, cols int) error {
	return pty.Setsize(l.File, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
}

func (l *localShell) Wait() (int, error) {
	err := l.cmd.Wait()
	if status, ok := l.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return 255, fmt.Errorf("%w: killed", ErrLost) // as when the server is gone
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (l *localShell) Close() error {
	l.once.Do(func() {
		_ = l.cmd.Process.Signal(syscall.SIGHUP) // it may have ended
		_ = l.File.Close()
	})
	return nil
}

// desk is a session under test.
type desk struct {
	*Session
	t     *testing.T
	mu    sync.Mutex
	shell *localShell // the newest one
	opens int
}

func openDesk(t *testing.T, change func(*Options)) *desk {
	t.Helper()
	d := &desk{t: t}
	opts := Options{Rows: 10, Cols: 60, Pause: func(int) time.Duration { return time.Millisecond }}
	opts.Open = func(ctx context.Context, start Start) (Shell, error) {
		shell, err := startLocal(ctx, start.Rows, start.Cols, "bash", "--norc", "--noprofile", "-i")
		d.mu.Lock()
		d.shell = shell
		d.opens++
		d.mu.Unlock()
		return shell, err
	}
	if change != nil {
		change(&opts)
	}
	d.Session = NewSession(opts)
	t.Cleanup(func() {
		d.Close()
		select {
		case <-d.Done():
		case <-time.After(10 * time.Second):
			t.Error("the session does not end")
		}
	})
	return d
}

// until waits for a condition, which is looked at whenever the session has
// something new.
func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-d.Changed():
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			d.t.Fatalf("waited for %s in vain: %+v\n%s", what, d.Status(), strings.Join(d.Frame().Lines, "\n"))
		}
	}
}

func (d *desk) text() string { return Plain(strings.Join(d.Frame().Lines, "\n")) }

func (d *desk) sees(text string) {
	d.t.Helper()
	d.until(text, func() bool { return strings.Contains(d.text(), text) })
}

func (d *desk) types(text string) {
	d.t.Helper()
	for _, r := range text {
		k := Key{Code: r, Text: string(r)}
		if r == '\r' {
			k = Key{Code: uv.KeyEnter}
		}
		if !d.Press(k) {
			d.t.Fatalf("nobody takes %q: %+v", text, d.Status())
		}
	}
}

func TestASessionIsAShell(t *testing.T) {
	d := openDesk(t, nil)
	d.sees("$")
	d.types("echo answer-$((40+2))\r")
	d.sees("answer-42")
	d.types("stty size\r")
	d.sees("10 60")
	d.Resize(20, 90)
	d.until("the size", func() bool { f := d.Frame(); return f.Rows == 20 && f.Cols == 90 })
	d.types("clear; stty size\r")
	d.sees("20 90")
	d.types("exit 7\r")
	d.until("the end", func() bool { return d.Status().Phase == Ended })
	if code := d.Status().Code; code != 7 {
		t.Errorf("exit code %d", code)
	}
	if d.Press(Key{Code: 'x', Text: "x"}) {
		t.Error("a shell that has ended takes keys")
	}
	d.Reconnect()
	d.until("another shell", func() bool { return d.Status().Phase == Live })
}

func TestQuestionsAreAnswered(t *testing.T) {
	d := openDesk(t, nil)
	d.sees("$")
	d.types(`clear; IFS= read -rs -d R -p $'\e[6n' at; printf 'at %q\n' "$at"` + "\r")
	d.sees(`at $'\E[1;1'`)
	d.types(`clear; IFS= read -rs -d c -p $'\e[c' is; printf 'is %q\n' "$is"` + "\r")
	d.sees(`is $'\E[?62;22'`)
}

func TestALostShellComesBackAndKeepsItsScreen(t *testing.T) {
	d := openDesk(t, nil)
	d.sees("$")
	d.types("echo before; printf '\\033[?1000h\\033[?25l\\033[31m'\r")
	d.sees("before")
	d.until("the mouse", func() bool { return d.Modes().Mouse == MouseClicks })
	d.kill()
	d.until("a second shell", func() bool { return d.opened() == 2 && d.Status().Phase == Live })
	d.sees("connected again")
	d.sees("before")
	if m := d.Modes(); m.Mouse != MouseNone {
		t.Errorf("the new shell has the modes of the old one: %+v", m)
	}
	d.types("echo after\r")
	d.sees("after")
	if line := d.Frame().Lines; strings.Contains(strings.Join(line, "\n"), "\x1b[31mafter") {
		t.Error("the new shell has the colour of the old one")
	}
}

func (d *desk) kill() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.shell.cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) opened() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opens
}

// failing has each attempt fail until there are no errors left.
func failing(opts *Options, errs ...error) {
	open := opts.Open
	opts.Open = func(ctx context.Context, start Start) (Shell, error) {
		if len(errs) > 0 {
			err := errs[0]
			errs = errs[1:]
			return nil, err
		}
		return open(ctx, start)
	}
}

func TestWhatIsUnreachableIsTriedAgain(t *testing.T) {
	var attempts []int
	down := workspace.WithKind(workspace.ErrUnreachable, errors.New("no route"))
	d := openDesk(t, func(o *Options) {
		failing(o, down, down, down)
		o.Pause = func(n int) time.Duration { attempts = append(attempts, n); return time.Millisecond }
	})
	d.sees("$")
	if diff := cmp.Diff([]int{2, 3, 4}, attempts); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsRefusedIsNotTriedAgain(t *testing.T) {
	d := openDesk(t, func(o *Options) { failing(o, errors.New("wrong host key")) })
	d.until("the failure", func() bool { return d.Status().Phase == Failed })
	if err := d.Status().Err; err == nil || err.Error() != "wrong host key" {
		t.Error(err)
	}
	d.Reconnect()
	d.sees("$")
}

func TestReconnectingDoesNotWait(t *testing.T) {
	down := workspace.WithKind(workspace.ErrUnreachable, errors.New("no route"))
	d := openDesk(t, func(o *Options) {
		failing(o, down)
		o.Pause = func(int) time.Duration { return time.Hour }
	})
	d.until("the loss", func() bool { return d.Status().Phase == Lost })
	if st := d.Status(); st.RetryAt.Sub(st.Since) != time.Hour {
		t.Errorf("%+v", st)
	}
	d.Reconnect()
	d.sees("$")
}

func TestAStalledShellCanBeGivenUp(t *testing.T) {
	var stall func(bool)
	d := openDesk(t, func(o *Options) {
		open := o.Open
		o.Open = func(ctx context.Context, start Start) (Shell, error) {
			stall = start.Stalled
			return open(ctx, start)
		}
	})
	d.sees("$")
	d.Reconnect() // it answers: nothing happens
	stall(true)
	d.until("the stall", func() bool { return d.Status().Stalled })
	stall(false)
	d.until("its end", func() bool { return !d.Status().Stalled })
	stall(true)
	d.Reconnect()
	d.until("a second shell", func() bool { return d.opened() == 2 && d.Status().Phase == Live })
}

// deaf is a shell that prints and reads nothing.
type deaf struct {
	io.Reader
	closed chan struct{}
	once   sync.Once
}

func (d *deaf) Write([]byte) (int, error) { <-d.closed; return 0, io.ErrClosedPipe }
func (d *deaf) Resize(int, int) error     { return nil }
func (d *deaf) Wait() (int, error)        { return 0, nil }
func (d *deaf) Close() error              { d.once.Do(func() { close(d.closed) }); return nil }

func TestAShellThatReadsNothingHoldsNobodyUp(t *testing.T) {
	r, w := io.Pipe()
	shell := &deaf{Reader: r, closed: make(chan struct{})}
	d := openDesk(t, func(o *Options) {
		o.Open = func(context.Context, Start) (Shell, error) { return shell, nil }
	})
	d.until("the shell", func() bool { return d.Status().Phase == Live })
	big := strings.Repeat("x", 1<<20)
	for range 10 {
		d.Paste(big)
	}
	d.until("a word about it", func() bool {
		for _, e := range d.Events() {
			if e.Kind == Notice && strings.Contains(e.Text, "reads nothing") {
				return true
			}
		}
		return false
	})
	go func() {
		for range 10_000 { // endless questions, whose answers nobody reads
			_, _ = io.WriteString(w, "\x1b[6n\x1b[c")
		}
		_, _ = io.WriteString(w, "still here")
	}()
	d.sees("still here")
	d.Close()
	_ = w.Close()
}

func TestAFaultInTheEmulatorDoesNotEndTheSession(t *testing.T) {
	d := openDesk(t, func(o *Options) {
		o.Emulator = func(rows, cols int) Emulator { return &bomb{NewEmulator(rows, cols, 100)} }
	})
	d.sees("$")
	d.types("printf 'BO''OM'; echo and on\r")
	d.until("a word about it", func() bool {
		for _, e := range d.Events() {
			if strings.Contains(e.Text, "internal fault") {
				return true
			}
		}
		return false
	})
	d.types("echo alive\r")
	d.sees("alive")
}

// bomb is an emulator that panics at the word BOOM.
type bomb struct{ Emulator }

func (b *bomb) Write(p []byte) {
	if strings.Contains(string(p), "BOOM") {
		panic("boom")
	}
	b.Emulator.Write(p)
}

func TestAFloodEndsWithCtrlC(t *testing.T) {
	d := openDesk(t, nil)
	d.sees("$")
	d.types("yes the same line again and again\r")
	d.sees("the same line again and again\nthe same")
	d.until("some of it", func() bool { return d.Frame().Total > 20_000 })
	d.Press(Key{Code: 'c', Mod: uv.ModCtrl})
	d.sees("^C")
	d.types("clear; echo calm\r")
	d.sees("calm\n$")
}

func TestTitlesBellsAndClipboards(t *testing.T) {
	d := openDesk(t, nil)
	d.sees("$")
	d.types(`printf '\033]0;a;title\007\007\033]7;file://host/home/dev\007\033]52;c;aGVsbG8=\007\033]52;c;?\007\033]9;done\007'` + "\r")
	var got []Event
	d.until("the events", func() bool { got = append(got, d.Events()...); return len(got) >= 3 })
	if diff := cmp.Diff([]Event{{Kind: Bell}, {Clipboard, "hello"}, {Notice, "done"}}, got); diff != "" {
		t.Error(diff)
	}
	if d.Title() != "a;title" || d.Directory() != "/home/dev" {
		t.Errorf("title %q, directory %q", d.Title(), d.Directory())
	}
}

func TestAFrameThatIsBeingMadeIsNotShown(t *testing.T) {
	r, w := io.Pipe()
	d := openDesk(t, func(o *Options) {
		o.Open = func(context.Context, Start) (Shell, error) {
			return &deaf{Reader: r, closed: make(chan struct{})}, nil
		}
	})
	print := func(text string) {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	print("whole")
	d.sees("whole")
	print("\x1b[?2026h\rhalf")
	print("\x1b[?2026l\rnext ")
	d.sees("next")
	print("\x1b[?2026h\rforgotten")
	d.sees("forgotten") // after a moment it is shown all the same
	_ = w.Close()
}
