package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

// desk is a pseudo-terminal with a Terminal running on its inner end.
type desk struct {
	gateway *sshtest.Gateway // between the client and sshd
	keys    *os.File         // the outer end
	inner   *os.File
	screen  *screen
	shell   *tunnel.Terminal
	done    chan error
}

func startTerminal(t *testing.T, line string) *desk {
	t.Helper()
	return startTerminalWith(t.Context(), t, line)
}

func startTerminalWith(ctx context.Context, t *testing.T, line string) *desk {
	t.Helper()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		if far, err := dialer(server.Addr)(context.Background()); err == nil {
			sshtest.Join(conn, far)
		}
	})
	config := configFor(server)
	config.Dial = dialer(gateway.Addr)
	client := login(t, config)
	outer, inner, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(outer, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	d := &desk{gateway: gateway, keys: outer, inner: inner, screen: newScreen(), done: make(chan error, 1)}
	read := make(chan struct{})
	go func() { _, _ = io.Copy(d.screen, outer); close(read) }()
	t.Cleanup(func() { _ = inner.Close(); _ = outer.Close(); <-read })
	d.shell = tunnel.NewTerminal(ctx, client, line, "xterm")
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
	d.requireKeys(t)
}

func TestTerminalFollowsItsSize(t *testing.T) {
	t.Parallel()
	d := startTerminal(t, "")
	go func() { d.done <- d.shell.Run() }()
	_, _ = io.WriteString(d.keys, "echo size `stty size`\r")
	d.screen.await(t, "size 40 100")
	if err := pty.Setsize(d.keys, &pty.Winsize{Rows: 33, Cols: 77}); err != nil {
		t.Fatal(err)
	}
	// A test has no controlling terminal from which the kernel would signal.
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(d.keys, "until stty size | grep '^33 77$'; do sleep 0.1; done; exit\r")
	d.screen.await(t, "33 77\r")
	if err := <-d.done; err != nil {
		t.Error(err)
	}
}

func TestTerminalIsPutBackWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	d := startTerminalWith(ctx, t, setsModes)
	before := d.termios(t)
	go func() { d.done <- d.shell.Run() }()
	d.screen.await(t, modesSet)
	terminated := errors.New("terminated") // what a signal's owner cancels with
	cancel(terminated)
	if err := <-d.done; !errors.Is(err, terminated) || d.shell.ExitCode() != 255 {
		t.Errorf("error %v, code %d", err, d.shell.ExitCode())
	}
	d.screen.await(t, modesUnset)
	if after := d.termios(t); after != before {
		t.Errorf("terminal settings %+v, before %+v", after, before)
	}
	d.requireKeys(t)
}

// A program that takes over the screen, the mouse and pasting, and what takes
// that back, the latest first.
const (
	setsModes  = "printf '\\033[?1049h\\033[?1000h\\033[?1006h\\033[?2004h\\033[?25l'; exec sleep 600"
	modesSet   = "\x1b[?25l"
	modesUnset = "\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?1049l\x1b[?25h\x1b[0m"
)

// requireKeys fails the test if a key typed now is read by anyone but it.
func (d *desk) requireKeys(t *testing.T) {
	t.Helper()
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
	d := startTerminal(t, setsModes)
	before := d.termios(t)
	go func() { d.done <- d.shell.Run() }()
	d.screen.await(t, modesSet)
	d.gateway.CloseAll()
	var lost *tunnel.LostError
	if err := <-d.done; !errors.As(err, &lost) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q, want one line about a lost connection", err)
	}
	d.screen.await(t, modesUnset)
	if after := d.termios(t); after != before {
		t.Errorf("terminal settings %+v, before %+v", after, before)
	}
	d.requireKeys(t)
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
