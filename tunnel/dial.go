package tunnel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

const (
	// handshakeTimeout bounds everything from the first byte to the accepted
	// key, except for the time in which the user is asked something.
	handshakeTimeout = 15 * time.Second
	// maxBanner caps what a server may say before login, in bytes.
	maxBanner = 8 << 10
)

// Config describes one client. Dial, User and HostKey are required.
type Config struct {
	Dial    Dialer
	User    string
	HostKey string // the pin: "ssh-ed25519 AAAA…"
	Keys    Keys

	Env       []string     // "NAME=value", offered to every shell and command; sshd takes LANG, LC_* and COLORTERM
	KeepAlive KeepAlive    // zero fields have the defaults
	Banner    func(string) // hears the server's banner, filtered and cut; may be nil
	// OnStall hears when the server stops answering and when it answers
	// again. It is called from the client's own goroutine and must not block.
	OnStall func(stalled bool)
	Timeout time.Duration // bound of the handshake; 0 means 15 s
	Log     *slog.Logger  // nil means silence
}

// Dial connects and logs in. It returns *HostKeyError, *AuthError or the
// dialer's error; ctx bounds Dial and has no hold on the client afterwards.
func Dial(ctx context.Context, config Config) (*Client, error) {
	pinned, err := parsePin(config.HostKey)
	if err != nil {
		return nil, err
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := config.Keys.open(ctx)
	if err != nil {
		return nil, err
	}
	defer keys.close()
	conn, err := config.Dial(ctx)
	if err != nil {
		return nil, err
	}
	login := &login{config: config, pin: pinned, keys: keys, conn: watch(conn)}
	client, err := login.run(ctx)
	if err != nil {
		_ = conn.Close() // the error at hand is the one to report
		return nil, err
	}
	return client, nil
}

// login is one handshake in progress.
type login struct {
	config Config
	pin    pin
	keys   *ring
	conn   *activity

	mu       sync.Mutex  // guards timer and expired
	timer    *time.Timer // closes conn; stopped while the user is asked
	expired  bool
	verified bool // the host key was right; only the handshake's goroutine touches it
	banner   int  // bytes of banner left; likewise
}

func (l *login) run(ctx context.Context) (*Client, error) {
	l.banner = maxBanner
	l.keys.asking = l.pause
	l.start()
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	conn, channels, requests, err := ssh.NewClientConn(l.conn, "", l.clientConfig())
	stop()
	expired := l.finish()
	if ctx.Err() != nil && err != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, l.explain(err, expired)
	}
	return newClient(l.config, l.conn, ssh.NewClient(conn, channels, requests)), nil
}

// clientConfig pins the host key and its algorithms. The library refuses
// every channel that the server opens, since none was announced to it.
func (l *login) clientConfig() *ssh.ClientConfig {
	return &ssh.ClientConfig{
		User:              l.config.User,
		Auth:              []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { return l.keys.signers, nil })},
		HostKeyAlgorithms: l.pin.algorithms(),
		HostKeyCallback: func(host string, addr net.Addr, key ssh.PublicKey) error {
			err := l.pin.check(host, addr, key)
			l.verified = err == nil
			return err
		},
		BannerCallback: l.hearBanner,
		ClientVersion:  "SSH-2.0-berth",
	}
}

// hearBanner passes on what is left of the banner's budget.
func (l *login) hearBanner(text string) error {
	text = text[:min(len(text), l.banner)]
	l.banner -= len(text)
	if l.config.Banner != nil && text != "" {
		l.config.Banner(workspace.SafeText(text))
	}
	return nil
}

// explain turns the library's error into one of ours.
func (l *login) explain(err error, expired bool) error {
	var wrong *HostKeyError
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &wrong):
		return err
	case expired:
		return workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("ssh handshake: no answer within %s", l.timeout()))
	case l.keys.failed != nil:
		return l.keys.failed
	case l.verified && refusedLogin(err):
		return workspace.WithHint(&AuthError{User: l.config.User, Tried: l.keys.names, Err: err},
			"have somebody who may log in add your public key: berth keys add NAME KEY")
	case errors.As(err, &negotiation):
		return fmt.Errorf("ssh handshake: the server has no %s host key, which is the pinned kind: %w", l.pin.key.Type(), err)
	}
	return workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("ssh handshake: %w", &LostError{errors.Unwrap(err)}))
}

// refusedLogin reports whether err is the server's answer to our keys. The
// library has no type for it: either every key was turned down, or the server
// hung up with a reason because there were too many.
func refusedLogin(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unable to authenticate") ||
		strings.Contains(text, "Too many authentication failures") ||
		strings.Contains(text, "disconnect, reason 14")
}

func (l *login) timeout() time.Duration {
	if l.config.Timeout > 0 {
		return l.config.Timeout
	}
	return handshakeTimeout
}

// start winds up the deadline. It is a timer and not a deadline of the
// connection, because not every connection has those.
func (l *login) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(l.timeout(), func() {
		l.mu.Lock()
		l.expired = true
		l.mu.Unlock()
		_ = l.conn.Close()
	})
}

// pause stops the deadline until the returned function is called.
func (l *login) pause() (resume func()) {
	l.finish()
	return l.start
}

// finish stops the deadline and reports whether it has passed.
func (l *login) finish() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	return l.expired
}
