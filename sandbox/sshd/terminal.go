package sshd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"
)

// terminal is a session's pseudo-terminal.
type terminal struct {
	term      string
	ptmx, tty *os.File
}

// close releases both ends; the other end may be closed already.
func (t *terminal) close() { closeFiles([]*os.File{t.ptmx, t.tty}) }

// ptyRequest is the payload of pty-req.
type ptyRequest struct {
	Term                         string
	Columns, Rows, Width, Height uint32
	Modes                        string
}

// openTerminal makes the pseudo-terminal that the client asked for.
func (s *session) openTerminal(payload []byte) bool {
	var m ptyRequest
	if ssh.Unmarshal(payload, &m) != nil || strings.ContainsRune(m.Term, 0) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal != nil || s.started {
		return false
	}
	ptmx, tty, err := pty.Open()
	if err != nil {
		s.client.log.Printf("opening a terminal: %v", err)
		return false
	}
	s.terminal = &terminal{term: m.Term, ptmx: ptmx, tty: tty}
	setSize(ptmx, m.Columns, m.Rows, m.Width, m.Height)
	if err := setModes(tty, []byte(m.Modes)); err != nil {
		s.client.log.Printf("setting terminal modes: %v", err) // the defaults are usable
	}
	return true
}

// resize applies a window-change.
func (s *session) resize(payload []byte) bool {
	var m struct{ Columns, Rows, Width, Height uint32 }
	if ssh.Unmarshal(payload, &m) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal == nil {
		return false
	}
	setSize(s.terminal.ptmx, m.Columns, m.Rows, m.Width, m.Height)
	return true
}

// setSize sets the terminal's size; values beyond the kernel's are cut.
func setSize(f *os.File, columns, rows, width, height uint32) {
	cut := func(n uint32) uint16 { return uint16(min(n, 1<<16-1)) }
	// A closed terminal has no size to set.
	_ = pty.Setsize(f, &pty.Winsize{Cols: cut(columns), Rows: cut(rows), X: cut(width), Y: cut(height)})
}

// runOnTerminal runs a shell or command on the session's terminal. The kernel
// hangs the terminal up when the session leader exits, so output ends then,
// whatever still runs in the background.
func (s *session) runOnTerminal(ctx context.Context, line string) {
	t := s.terminal
	cmd := s.command(line)
	cmd.Env = append(cmd.Env, "SSH_TTY="+t.tty.Name())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.tty, t.tty, t.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if line == "" {
		s.greet()
	}
	err := s.startProcess(cmd)
	_ = t.tty.Close() // the process has its own
	if err != nil {
		s.fail(err)
		return
	}
	go func() { // ends with the channel, which this session closes when it is done
		_, _ = io.Copy(t.ptmx, s.channel) // end of file from the client leaves the terminal as it is
	}()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(s.channel, t.ptmx) // ends with EIO when the terminal is hung up
	}()
	s.supervise(ctx, cmd)
	select {
	case <-drained:
	case <-ctx.Done():
		_ = t.ptmx.Close()
		<-drained
	}
	_ = s.channel.CloseWrite() // the channel may be closed already
}

// greet says what this shell is, unless the user has asked for silence in the
// usual way.
func (s *session) greet() {
	if _, err := os.Stat(filepath.Join(s.client.server.Home, ".hushlogin")); err == nil {
		return
	}
	name := s.client.server.Name
	if name == "" {
		name = "this workspace"
	}
	// Written before the process starts, so it comes first; the client may be gone.
	_, _ = fmt.Fprintf(s.channel, "%s is a sandbox workspace: a process on this machine, not isolated from it.\r\n"+
		"Its home persists: %s\r\n", name, s.client.server.Home)
}
