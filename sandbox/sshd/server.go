package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Limits that keep one client from using up the process. They are far above
// what editors and multiplexed clients need.
const (
	maxConns    = 256
	maxChannels = 512
	loginGrace  = 2 * time.Minute
	// aliveEvery × aliveMissed lets a session outlive a ten-minute outage.
	aliveEvery  = 30 * time.Second
	aliveMissed = 20
)

// errNotAuthorized is what a client's failed login is logged with.
var errNotAuthorized = errors.New("key is not in authorized_keys")

// Server is one workspace's SSH server.
type Server struct {
	Home           string // absolute; where sessions start
	AuthorizedKeys string // path, read at each login
	HostKey        string // path, read at each connection
	Name           string // of the workspace, for the greeting
	Log            *log.Logger

	config atomic.Pointer[ssh.ServerConfig]
}

// readHostKey reads the host key, an OpenSSH private key in PEM form. It has to
// be called before [Server.Serve].
func (s *Server) readHostKey() error {
	pem, err := os.ReadFile(s.HostKey)
	if err != nil {
		return fmt.Errorf("reading the host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return fmt.Errorf("parsing the host key: %w", err)
	}
	config := &ssh.ServerConfig{
		ServerVersion:     "SSH-2.0-BerthSandbox",
		PublicKeyCallback: s.authorize,
		MaxAuthTries:      20, // an agent full of keys offers all of them first
	}
	config.AddHostKey(key)
	s.config.Store(config)
	return nil
}

// identity is what a new connection meets: the host key as the file has it now,
// or the last one that could be read.
func (s *Server) identity() *ssh.ServerConfig {
	if err := s.readHostKey(); err != nil {
		s.Log.Printf("Keeping the host key: %v", err)
	}
	return s.config.Load()
}

// authorize admits a key that the file lists now.
func (s *Server) authorize(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	data, err := os.ReadFile(s.AuthorizedKeys)
	if err != nil {
		return nil, fmt.Errorf("reading authorized keys: %w", err)
	}
	want := key.Marshal()
	for len(data) > 0 {
		listed, _, restrictions, rest, err := ssh.ParseAuthorizedKey(data)
		if err != nil {
			break // the only error is that no key is left
		}
		data = rest
		if !bytes.Equal(listed.Marshal(), want) {
			continue
		}
		if len(restrictions) > 0 {
			// Admitting it without its restrictions would give more than was meant.
			s.Log.Printf("Refusing key %s: options of authorized_keys are not supported here", ssh.FingerprintSHA256(key))
			continue
		}
		return &ssh.Permissions{Extensions: map[string]string{"key": key.Type() + " " + ssh.FingerprintSHA256(key)}}, nil
	}
	return nil, errNotAuthorized
}

// Serve accepts connections on ln until ctx ends, then ends every session and
// returns when all are gone. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() }) // Accept reports it
	defer stop()
	slots := make(chan struct{}, maxConns)
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			s.Log.Print("Received signal 15; terminating.")
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting: %w", err)
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = conn.Close() // refused: too many
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			s.serveConn(ctx, conn)
		})
	}
}

// serveConn runs one client's connection to its end.
func (s *Server) serveConn(ctx context.Context, raw net.Conn) {
	defer func() { _ = raw.Close() }() // may be closed already
	stopped := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Now()) })
	_ = raw.SetDeadline(time.Now().Add(loginGrace))
	conn, channels, requests, err := ssh.NewServerConn(raw, s.identity())
	if err != nil {
		// A probe that connects and leaves is not worth a line in the log.
		var auth *ssh.ServerAuthError
		if errors.As(err, &auth) {
			s.Log.Printf("Connection closed by %s: %v", raw.RemoteAddr(), errors.Join(auth.Errors...))
		}
		return
	}
	stopped()
	_ = raw.SetDeadline(time.Time{})
	s.Log.Printf("Accepted publickey for %s from %s: %s", conn.User(), conn.RemoteAddr(), conn.Permissions.Extensions["key"])
	c := &client{server: s, conn: conn, log: s.Log}
	c.run(ctx, channels, requests)
	s.Log.Printf("Disconnected from user %s %s", conn.User(), conn.RemoteAddr())
}
