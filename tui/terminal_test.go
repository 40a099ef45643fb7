//go:build unix

package tui

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/berth-sh/berth/tui/dialog"
)

// screen is the program itself in a terminal of its own.
type screen struct {
	t    *testing.T
	pty  *os.File
	tty  *os.File // kept open, to read the modes afterwards
	cmd  *exec.Cmd
	exit chan error

	mu  sync.Mutex // guards raw and emu
	raw bytes.Buffer
	emu *vt.Emulator
}

const patience = 20 * time.Second

func startScreen(t *testing.T, mode string) *screen {
	t.Helper()
	p, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(p, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, pty: p, tty: tty, exit: make(chan error, 1), emu: vt.NewEmulator(80, 24)}
	s.cmd = exec.CommandContext(t.Context(), os.Args[0])
	s.cmd.Env = []string{"BERTH_TUI_LOOK=" + mode, "TERM=xterm-256color", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exit <- s.cmd.Wait() }()
	read := make(chan struct{})
	go s.read(read)
	answers := make(chan struct{})
	go s.answer(answers)
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has mostly ended already
		_ = tty.Close()
		_ = p.Close()
		<-read
		if w, ok := s.emu.InputPipe().(interface{ CloseWithError(error) error }); ok {
			_ = w.CloseWithError(os.ErrClosed)
			<-answers
		}
	})
	return s
}

func (s *screen) read(done chan struct{}) {
	defer close(done)
	buf := make([]byte, 32<<10)
	for {
		n, err := s.pty.Read(buf)
		s.mu.Lock()
		s.raw.Write(buf[:n])
		_, _ = s.emu.Write(buf[:n]) // an emulator takes everything
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// answer takes the emulator's replies to queries, which would block it, and
// drops them: this terminal answers nothing.
func (s *screen) answer(done chan struct{}) {
	defer close(done)
	buf := make([]byte, 1024)
	for {
		if _, err := s.emu.Read(buf); err != nil {
			return
		}
	}
}

func (s *screen) bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Len()
}

func (s *screen) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emu.String()
}

func (s *screen) waitFor(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if ok() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	s.t.Fatalf("waited for %s in vain; the screen:\n%s\nlast bytes: %q", what, s.text(), tail(s.output()))
}

func (s *screen) sees(text string) {
	s.t.Helper()
	s.waitFor(text, func() bool { return strings.Contains(s.text(), text) })
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) ended() {
	s.t.Helper()
	select {
	case err := <-s.exit:
		s.exit <- err
	case <-time.After(patience):
		s.t.Fatalf("it does not end; the screen:\n%s", s.text())
	}
}

func TestTheTerminalIsPutBack(t *testing.T) {
	for name, test := range map[string]struct {
		mode string
		end  func(*screen)
	}{
		"q":                   {"running", func(s *screen) { s.press("q") }},
		"ctrl+c":              {"running", func(s *screen) { s.press("\x03") }},
		"SIGTERM":             {"running", func(s *screen) { s.signal(syscall.SIGTERM) }},
		"SIGHUP":              {"running", func(s *screen) { s.signal(syscall.SIGHUP) }},
		"SIGINT":              {"running", func(s *screen) { s.signal(syscall.SIGINT) }},
		"a panic in the loop": {"panic", func(s *screen) { s.press("x") }},
		"a panic in a command": {"panic-command", func(s *screen) {
			s.press("x")
		}},
		"a panic over a shell": {"panic-shell", func(s *screen) {
			s.press("\r")
			s.sees("ws-00000-1 $")
			s.press("printf '\\033[?1003h\\033[?1004h\\033[?25l'\r")
			s.waitFor("the mouse", func() bool { return strings.Contains(s.output(), "\x1b[?1003h") })
			s.press("\x07")
		}},
		"q after a killed guest": {"killed", func(s *screen) {
			s.press("\r")
			s.sees("signal: killed")
			s.press("q")
		}},
		"y over a shell": {"shells", func(s *screen) {
			s.press("\r")
			s.sees("api-1 $")
			s.press("printf '\\033[?1049h\\033[?1003h\\033[?1004h\\033[?2004h\\033[?1h'\r")
			s.waitFor("the mouse", func() bool { return strings.Contains(s.output(), "\x1b[?1003h") })
			s.press("\x1dd")
			s.sees("●1")
			s.press("q")
			s.sees("leave now?")
			<-time.After(2 * dialog.Grace)
			s.press("y")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startScreen(t, test.mode)
			s.sees(map[bool]string{true: "api", false: "ws-00001"}[test.mode == "shells"])
			raw, err := term.GetState(int(s.tty.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			test.end(s)
			s.ended()
			after, err := term.GetState(int(s.tty.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			if *after == *raw {
				t.Error("the terminal is still raw")
			}
			if fresh := freshState(t); *after != fresh {
				t.Errorf("modes are %+v, want %+v", *after, fresh)
			}
			s.waitFor("the reset sequences", func() bool { return len(left(s.output())) == 0 })
		})
	}
}

// left lists the modes that were turned on and not off again.
func left(output string) []string {
	var on []string
	for _, mode := range []string{"?1003", "?1004", "?1", "?1049", "?1002", "?1006", "?2004"} {
		if strings.LastIndex(output, "\x1b["+mode+"h") > strings.LastIndex(output, "\x1b["+mode+"l") {
			on = append(on, mode)
		}
	}
	if strings.LastIndex(output, "\x1b[?25l") > strings.LastIndex(output, "\x1b[?25h") {
		on = append(on, "hidden cursor")
	}
	return on
}

// freshState is the state of a terminal that nobody has used.
func freshState(t *testing.T) term.State {
	t.Helper()
	p, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(); _ = tty.Close() }() // nothing was written
	state, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

func (s *screen) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func TestItOpensWhenNothingAnswers(t *testing.T) {
	s := startScreen(t, "silent")
	s.sees("connecting to prod")
	s.press("?")
	s.sees("create a workspace")
	s.press("\x1b") // must not reach the program together with q: that would be alt+q
	s.sees("connecting to prod")
	s.press("q")
	s.ended()
}

func TestIdleWritesNothing(t *testing.T) {
	s := startScreen(t, "running")
	s.sees("ws-00001")
	// Quiet for two seconds, so that ages and the one-second clock had their
	// turn. It may take some of them to get there, as start-up queries trickle.
	deadline := time.Now().Add(patience)
	for before := -1; before != s.bytes(); {
		if time.Now().After(deadline) {
			t.Fatalf("it writes for ever; the last bytes: %q", tail(s.output()))
		}
		before = s.bytes()
		<-time.After(2 * time.Second)
	}
}

func tail(s string) string { return s[max(0, len(s)-200):] }

func TestAShellTakesTheTerminalAndGivesItBack(t *testing.T) {
	s := startScreen(t, "running")
	s.sees("ws-00001")
	for range 3 {
		before := strings.Count(s.output(), "shell of ws-00000")
		s.press("\r")
		s.waitFor("the shell", func() bool { return strings.Count(s.output(), "shell of ws-00000") > before })
		s.sees("ws-00001")
	}
	s.press("?")
	s.sees("help")
	s.press("\x1b")
	s.signal(syscall.SIGTERM)
	s.ended()
}

func TestAStormOfSizes(t *testing.T) {
	s := startScreen(t, "running")
	s.sees("ws-00001")
	for i := range 200 {
		if err := pty.Setsize(s.pty, &pty.Winsize{Rows: uint16(1 + i*7%60), Cols: uint16(1 + i*13%200)}); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	s.emu.Resize(100, 30)
	s.mu.Unlock()
	if err := pty.Setsize(s.pty, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	s.press("\x0c") // draw everything anew
	s.sees("ws-00001")
	s.sees("? help")
	s.press("q")
	s.ended()
}

func TestCopyingGoesThroughTheTerminal(t *testing.T) {
	s := startScreen(t, "running")
	s.sees("ws-00001")
	s.press("y")
	s.sees("ssh command")
	s.press("s")
	want := "\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte("ssh ws-00000.team-a.berth"))
	s.waitFor("the text for the clipboard", func() bool { return strings.Contains(s.output(), want) })
	s.sees("copied 25 B (OSC 52)")
	s.press("q")
	s.ended()
}

func TestTheSelectedRowIsMarkedToTheEdge(t *testing.T) {
	s := startScreen(t, "running")
	s.sees("ws-00001")
	s.waitFor("the row's background", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for x := range 80 {
			if cell := s.emu.CellAt(x, 3); cell == nil || cell.Style.Bg == nil {
				return false
			}
		}
		return true
	})
	s.press("q")
	s.ended()
}
