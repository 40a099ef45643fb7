package sshd

import (
	"context"
	"io"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// maxEnv is how many variables one session may set.
const maxEnv = 64

// session is one session channel: first its set-up requests, then one process.
type session struct {
	client  *client
	channel ssh.Channel

	mu       sync.Mutex // guards what follows, between requests and the process
	env      []string
	terminal *terminal
	started  bool
	pid      int // process group of the running command, 0 when none
}

// serveSession runs one session channel to its end.
func (c *client) serveSession(ctx context.Context, request ssh.NewChannel) {
	channel, requests, err := request.Accept()
	if err != nil {
		return // the connection is gone
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &session{client: c, channel: channel}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		// The requests end when either side has closed the channel: what still
		// runs has lost its client then.
		defer cancel()
		for r := range requests {
			ok := s.handle(ctx, r, &wg, done)
			if r.WantReply {
				_ = r.Reply(ok, nil) // else the connection is gone
			}
		}
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
	if s.isStarted() {
		<-done
	}
	_ = channel.Close() // may be closed already
	wg.Wait()
	cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal != nil {
		s.terminal.close()
	}
}

// isStarted reports whether a command was started on this channel.
func (s *session) isStarted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// handle serves one request on the channel and reports whether it was granted.
// done is closed when the command that it may start has ended.
func (s *session) handle(ctx context.Context, r *ssh.Request, wg *sync.WaitGroup, done chan struct{}) bool {
	switch r.Type {
	case "env":
		return s.setEnv(r.Payload)
	case "pty-req":
		return s.openTerminal(r.Payload)
	case "window-change":
		return s.resize(r.Payload)
	case "signal":
		return s.signal(r.Payload)
	case "shell", "exec", "subsystem":
		return s.start(ctx, r, wg, done)
	}
	// Agent and X11 forwarding end here too: both would hand this machine's
	// account something of the client's machine.
	return false
}

// setEnv keeps one variable of the client's.
func (s *session) setEnv(payload []byte) bool {
	var m struct{ Name, Value string }
	if ssh.Unmarshal(payload, &m) != nil || !clientMaySet(m.Name) || strings.ContainsRune(m.Value, 0) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.env) >= maxEnv {
		return false
	}
	s.env = append(s.env, m.Name+"="+m.Value)
	return true
}

// start begins the channel's one command.
func (s *session) start(ctx context.Context, r *ssh.Request, wg *sync.WaitGroup, done chan struct{}) bool {
	var m struct{ Command string }
	if r.Type != "shell" && ssh.Unmarshal(r.Payload, &m) != nil {
		return false
	}
	if r.Type == "subsystem" && m.Command != "sftp" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return false
	}
	s.started = true
	// The answer to the request must not wait for the command, nor be overtaken
	// by its output: a client drops data that comes before the answer.
	if r.WantReply {
		_ = r.Reply(true, nil) // else the connection is gone
		r.WantReply = false
	}
	wg.Go(func() {
		defer close(done)
		switch {
		case r.Type == "subsystem":
			s.serveSFTP()
		case s.terminal != nil:
			s.runOnTerminal(ctx, m.Command)
		default:
			s.runOnPipes(ctx, m.Command)
		}
	})
	return true
}

// signal passes a client's signal to the process group.
func (s *session) signal(payload []byte) bool {
	var m struct{ Name string }
	if ssh.Unmarshal(payload, &m) != nil {
		return false
	}
	for number, name := range signalNames() {
		if name == m.Name {
			return s.kill(number)
		}
	}
	return false
}

// kill signals the session's process group; false when nothing runs.
func (s *session) kill(sig syscall.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid != 0 && syscall.Kill(-s.pid, sig) == nil
}

// fail reports a command that could not be started, as a shell would.
func (s *session) fail(err error) {
	_, _ = io.WriteString(s.channel.Stderr(), "sandbox: "+err.Error()+"\r\n") // the client may be gone
	s.reportExit(126)
}
