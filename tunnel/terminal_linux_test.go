package tunnel_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/internal/sshtest"
)

// desk is a pseudo-terminal with a Terminal running on its inner end.
type desk struct {
	client *tunnel.Client
	keys   *os.File // the outer end
	inner  *os.File
	screen *screen
	shell  *tunnel.Terminal
	done   chan error
}

func startTerminal(t *testing.T, line string) *desk {
	t.Helper()
	client := login(t, configFor(sshtest.Start(t)))
	outer, inner, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(outer, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	d := &desk{client: client, keys: outer, inner: inner, screen: newScreen(), done: make(chan error, 1)}
	read := make(chan struct{})
	go func() { _, _ = io.Copy(d.screen, outer); close(read) }()
	t.Cleanup(func() { _ = inner.Close(); _ = outer.Close(); <-read })
	d.shell = tunnel.NewTerminal(t.Context(), client, line, "xterm")
	d.shell.SetStdin(inner)
	d.shell.SetStdout(inner)
	d.shell.SetStderr(inner)
	return d
}

// termios returns the terminal's settings.
func (d *desk) termios(t *testing.T) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(d.inner.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

func TestTerminalRunsAShellAndPutsEverythingBack(t *testing.T) {
	t.Parallel()
	d := startTerminal(t, "")
	before := d.termios(t)
	go func() { d.done <- d.shell.Run() }()
	_, _ = io.WriteString(d.keys, "echo size `stty size`; printf '\\033[?1049h'\r")
	d.screen.await(t, "size 40 100")
	d.screen.await(t, "\x1b[?1049h")
	_, _ = io.WriteString(d.keys, "exit 6\r")
	if err := <-d.done; err != nil || d.shell.ExitCode() != 6 {
		t.Errorf("error %v, code %d", err, d.shell.ExitCode())
	}
	d.screen.await(t, "\x1b[?1049l")
	if after := d.termios(t); after != before {
		t.Errorf("terminal settings %+v, before %+v", after, before)
	}
	_, _ = io.WriteString(d.keys, "next\r")
	got := make([]byte, 5)
	if _, err := io.ReadFull(d.inner, got); err != nil || string(got) != "next\n" {
		t.Errorf("read %q, error %v: a key was swallowed", got, err)
	}
}

func TestTerminalIsLeftByTheEscape(t *testing.T) {
	t.Parallel()
	d := startTerminal(t, "echo up; printf '\\033[?1000h'; exec sleep 600")
	before := d.termios(t)
	go func() { d.done <- d.shell.Run() }()
	d.screen.await(t, "\x1b[?1000h")
	_, _ = io.WriteString(d.keys, "~?")
	d.screen.await(t, "leave (the remote shell")
	_, _ = io.WriteString(d.keys, "~.")
	if err := <-d.done; !errors.Is(err, tunnel.ErrDisconnected) || d.shell.ExitCode() != 255 {
		t.Errorf("error %v, code %d", err, d.shell.ExitCode())
	}
	d.screen.await(t, "\x1b[?1000l")
	if after := d.termios(t); after != before {
		t.Errorf("terminal settings %+v, before %+v", after, before)
	}
}

func TestTerminalIsPutBackWhenTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	d := startTerminal(t, "printf '\\033[?1049h\\033[?25l'; exec sleep 600")
	before := d.termios(t)
	go func() { d.done <- d.shell.Run() }()
	d.screen.await(t, "\x1b[?25l")
	_ = d.client.Close()
	var lost *tunnel.LostError
	if err := <-d.done; !errors.As(err, &lost) {
		t.Errorf("error %v, want a lost connection", err)
	}
	d.screen.await(t, "\x1b[?1049l\x1b[?25h")
	if after := d.termios(t); after != before {
		t.Errorf("terminal settings %+v, before %+v", after, before)
	}
}

func TestTerminalWithoutATerminal(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	shell := tunnel.NewTerminal(t.Context(), client, "stty size; exit 2", "")
	screen := newScreen()
	shell.SetStdin(strings.NewReader(""))
	shell.SetStdout(screen)
	shell.SetStderr(screen)
	if err := shell.Run(); err != nil || shell.ExitCode() != 2 || !strings.Contains(screen.String(), "24 80") {
		t.Errorf("error %v, code %d, output %q", err, shell.ExitCode(), screen)
	}
}
