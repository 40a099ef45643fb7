package tunnel

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
)

// HostKeyError is returned where a server presents another host key than the
// pinned one. Nothing has been sent to it but the key exchange.
type HostKeyError struct {
	Want string // SHA256 fingerprint of the pin
	Got  string // SHA256 fingerprint of the server's key
}

// Error shows both fingerprints.
func (e *HostKeyError) Error() string {
	return "wrong host key: the workspace's is " + e.Want + ", but the server presented " + e.Got
}

// AuthError is returned where the server accepted none of our keys.
type AuthError struct {
	User  string
	Tried []string // "SHA256:… (file or agent comment)", in order
	Err   error
}

// Error names the user and every key.
func (e *AuthError) Error() string {
	tried := "no key at hand"
	if len(e.Tried) > 0 {
		tried = "tried " + strings.Join(e.Tried, ", ")
	}
	return fmt.Sprintf("no ssh key was accepted for %s: %s", e.User, tried)
}

// Unwrap returns what the SSH library said.
func (e *AuthError) Unwrap() error { return e.Err }

// LostError is returned where the connection ended before the remote command
// said how it ended.
type LostError struct {
	Err error // the cause, nil when unknown
}

// Error says that the connection was lost.
func (e *LostError) Error() string {
	if e.Err == nil {
		return "connection to the workspace lost"
	}
	return "connection to the workspace lost: " + workspace.Safe(e.Err.Error())
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// ErrDisconnected is returned where the user left by the escape ~. and the
// remote shell may still run.
var ErrDisconnected = errors.New("disconnected")

// errSilent ends a connection whose other side has answered nothing for the
// whole of the keepalive budget.
var errSilent = errors.New("no answer for too long")

// explain gives a dialling error its kind and its hint.
func explain(err error) error {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		err = workspace.WithHint(err, hinted.Hint())
	}
	var refused *connect.RefusedError
	var credential *connect.CredentialError
	switch {
	case errors.As(err, &credential) && credential.Refused:
		return workspace.WithKind(workspace.ErrForbidden, err)
	case errors.As(err, &refused) && refused.Status == 404:
		return workspace.WithKind(workspace.ErrNotFound, err)
	case errors.As(err, &refused) && (refused.Status == 401 || refused.Status == 403 || refused.Status == 407):
		return workspace.WithKind(workspace.ErrForbidden, err)
	case errors.As(err, &refused), connect.Unreachable(err):
		return workspace.WithKind(workspace.ErrUnreachable, err)
	}
	return err
}

// fingerprint is how people compare keys.
func fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
