package connect

// The bearer token that a gateway may ask for. It comes from a file or from a
// program, never from an argument or a log, and goes over TLS only: whoever
// reads it can do what its owner can.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// tokenTimeout bounds the program: one that asks an identity provider
	// needs a second or two, and editors give up after fifteen.
	tokenTimeout = 15 * time.Second
	// maxToken is far above any token and below what gateways take as header.
	maxToken = 16 << 10
	// maxComplaint is what is kept of the program's standard error.
	maxComplaint = 4 << 10
)

var (
	errEmptyToken = errors.New("it is empty")
	errLongToken  = errors.New("it is longer than 16 KiB")
	errBadToken   = errors.New("it contains a blank or a control character")
)

// authorize returns what the CONNECT to the gateway says about us.
func (w way) authorize(ctx context.Context) (string, error) {
	if w.Authority == "" || w.TokenFile == "" && len(w.TokenCommand) == 0 {
		return "", nil
	}
	host, _, _ := net.SplitHostPort(w.Address)
	if !w.TLS && (w.proxy != nil || !isLoopback(host)) {
		return "", &CredentialError{
			Hop: w.target().name, What: "a token goes over TLS only, and this gateway is reached without",
			hint: "ask the gateway's administrator for TLS, or take tokenFile and tokenCommand out of berth's settings",
		}
	}
	if len(w.TokenCommand) > 0 {
		return w.tokenOfCommand(ctx)
	}
	raw, err := readTokenFile(w.TokenFile)
	if err != nil {
		return "", w.noToken("reading the token", shortPath(err), "tokenFile in berth's settings names a file that holds the token and nothing else")
	}
	token, err := cleanToken(raw)
	if err != nil {
		return "", w.noToken("the token in "+printable(w.TokenFile), err, "tokenFile in berth's settings names a file that holds the token and nothing else")
	}
	return "Bearer " + token, nil
}

func (w way) noToken(what string, err error, hint string) error {
	return &CredentialError{Hop: w.target().name, What: what, Err: err, hint: hint}
}

// cleanToken checks a token as it was read. A line break at its end is no part
// of it; one inside would be a header of its own.
func cleanToken(raw []byte) (string, error) {
	token := strings.TrimSpace(string(raw))
	switch {
	case token == "":
		return "", errEmptyToken
	case len(token) > maxToken:
		return "", errLongToken
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errBadToken
	}
	return token, nil
}

// readTokenFile reads a little more than a token may have. A named pipe is
// refused: it would wait for a writer.
func readTokenFile(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	return io.ReadAll(io.LimitReader(file, maxToken+1024))
}

// tokenOfCommand runs the program in a session of its own, so that it cannot
// wait for a terminal, and ends it with all it has started when its time is up.
func (w way) tokenOfCommand(ctx context.Context) (string, error) {
	limit := tokenTimeout
	if w.Timeout > 0 {
		limit = w.Timeout
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	name := "the token command " + printable(w.TokenCommand[0]) // its arguments may be secret
	cmd := exec.CommandContext(limited, w.TokenCommand[0], w.TokenCommand[1:]...)
	out, complaint := &capped{limit: maxToken + 1024, refuse: true}, &capped{limit: maxComplaint}
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.WaitDelay = time.Second // for what it leaves behind with its output open
	alone(cmd)
	// Where the system can end the program together with us, it watches the
	// thread that started it.
	runtime.LockOSThread()
	err := cmd.Run()
	runtime.UnlockOSThread()
	const hint = "run it by hand: it has to print the token and end, and may ask nothing"
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", w.noToken(name+" gave no token within "+limit.String()+" and was ended", complaint.lastLine(), hint)
	case out.over:
		return "", w.noToken(name+" printed no token", errLongToken, hint)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", w.noToken(name+" failed: "+commandFailure(err), complaint.lastLine(), hint)
	}
	token, err := cleanToken(out.data)
	if err != nil {
		return "", w.noToken(name+" printed no token", err, hint)
	}
	return "Bearer " + token, nil
}

// commandFailure is err without the program's name.
func commandFailure(err error) string {
	var start *exec.Error
	if errors.As(err, &start) {
		err = start.Err
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return printable(err.Error())
}

// capped keeps the first bytes that are written to it.
type capped struct {
	data   []byte
	limit  int
	refuse bool // more than limit is an error, which ends the writer
	over   bool
}

func (c *capped) Write(b []byte) (int, error) {
	n := min(len(b), c.limit-len(c.data))
	c.data = append(c.data, b[:n]...)
	if n < len(b) {
		c.over = true
		if c.refuse {
			return n, io.ErrShortWrite
		}
	}
	return len(b), nil
}

// lastLine is what programs say when they give up, nil when they say nothing.
func (c *capped) lastLine() error {
	text := strings.TrimSpace(string(c.data))
	if text == "" {
		return nil
	}
	return errors.New(strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:]))
}
