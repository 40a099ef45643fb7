package connect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/berth-sh/berth/workspace/alias"
)

// exitFailure is what a ProxyCommand returns for any failure of its own, as
// ssh does.
const exitFailure = 255

// Program is what surrounds one run: where the alias files are, the streams
// that ssh gave it, and how to reach a workspace without its gateway.
type Program struct {
	Dir    string // directory that holds alias/ and the log; see DefaultDir
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	// Via, unless empty, replaces the transport that the alias names.
	Via alias.Transport
	// FDPass hands the connection to ssh and ends, where ssh waits for that
	// (ProxyUseFdpass) on Stdin and Stdout; else it is copied.
	FDPass bool
	// PortForward dials sshd through the API server. Where it is nil, the
	// program that can do it is run in this one's place.
	PortForward PortForwarder
	// Self is what runs this program for an alias, its own name first. It is
	// run beside ssh where a connection cannot be handed over.
	Self []string
	// Debug also logs what went well.
	Debug bool
}

// Run serves one ssh connection to the alias and returns the process's exit
// code: 0 after a proper end, else 255. Failures are one line on Stderr and
// a hint, and a line in the log, because ssh often hides the former.
func Run(ctx context.Context, name string, p Program) int {
	err := p.run(ctx, name)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errHangup) {
		_, _ = fmt.Fprintf(p.Stderr, "berth: %v\n", err)
		if hint := hintOf(err); hint != "" {
			_, _ = fmt.Fprintf(p.Stderr, "hint: %s\n", hint)
		}
	}
	p.logf("%s: %v", printable(name), err)
	return exitFailure
}

// hintOf returns the hint of the first error in err's chain that has one.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

func (p Program) run(ctx context.Context, name string) error {
	f, err := ReadAlias(p.Dir, name)
	if err != nil {
		return err
	}
	if p.Via != "" {
		f.Transport = p.Via
	}
	dialCtx, abandon := context.WithCancelCause(ctx)
	release := watchHangup(p.Stdin, func() { abandon(errHangup) })
	conn, err := p.dial(dialCtx, f)
	release()
	cause := context.Cause(dialCtx)
	abandon(nil)
	switch {
	case conn != nil && cause != nil:
		_ = conn.Close() // too late to be of use
		return cause
	case cause != nil:
		return cause
	case err != nil:
		return err
	}
	p.debugf("%s: connected by %s", name, f.Transport)
	if to := p.passing(); to != nil {
		return handOver(conn, to)
	}
	return p.copy(ctx, conn, f)
}

// passing is where ssh waits for a connection, or nil.
func (p Program) passing() *os.File {
	if !p.FDPass {
		return nil
	}
	return passing(p.Stdin, p.Stdout)
}

// handOver gives the connection to ssh.
func handOver(conn net.Conn, to *os.File) error {
	err := errors.ErrUnsupported
	if socket, ok := conn.(syscall.Conn); ok {
		err = pass(socket, to)
	}
	_ = conn.Close() // ssh has its own copy
	if err != nil {
		return fmt.Errorf("handing the connection to ssh: %w", err)
	}
	return nil
}

// dial opens the connection that f describes, or the way round it. A
// transport that the caller insisted on has no way round.
func (p Program) dial(ctx context.Context, f alias.File) (net.Conn, error) {
	if p.Via != "" && p.Via != alias.PortForward {
		f.Kubeconfig = ""
	}
	o := OptionsFor(f)
	if through, err := o.findProxy(); p.Debug && err == nil && through != nil {
		p.logf("%s: going by %s, which comes from %s", f.Alias, through.hop().name, through.source())
	}
	portForward := p.PortForward
	if p.passing() != nil {
		if len(p.Self) > 0 && f.Transport != alias.PortForward && !o.plain() {
			return residentSelf(p.Self, p.Via, f.Alias, p.Stderr)
		}
		portForward = func(_ context.Context, f alias.File) (net.Conn, error) {
			return residentBerth(f.Alias, p.Stderr)
		}
	} else if portForward == nil {
		portForward = func(_ context.Context, f alias.File) (net.Conn, error) {
			return nil, runSibling(f.Alias) // returns only when it fails
		}
	}
	return Reach(ctx, f, portForward, func(reason error) {
		_, _ = fmt.Fprintf(p.Stderr, "berth: %v; using port-forward instead\n", reason)
		p.logf("%s: %v; using port-forward instead", f.Alias, reason)
	})
}

// copy moves the bytes and looks at the first of them, because ssh's own
// words for a side that is not sshd help nobody.
func (p Program) copy(ctx context.Context, conn net.Conn, f alias.File) error {
	out := &greeting{out: p.Stdout}
	err := Copy(ctx, conn, p.Stdin, out)
	hop := "workspace " + printable(f.Alias)
	switch {
	case out.foreign:
		return &StepError{Hop: hop, Workspace: f.Name, Step: StepCopy, Fault: FaultNotSSH}
	case err == nil && out.n == 0:
		return &StepError{Hop: hop, Workspace: f.Name, Step: StepCopy, Fault: FaultSilent}
	case err != nil && ctx.Err() == nil:
		fault, cause := classify(StepCopy, err)
		return &StepError{Hop: hop, Workspace: f.Name, Step: StepCopy, Fault: fault, Err: cause}
	}
	return err
}

// errForeign stops a copy whose far end is not sshd.
var errForeign = errors.New("not an ssh server")

// greeting passes bytes on and refuses a web page or a second HTTP answer in
// the place of sshd's greeting.
type greeting struct {
	out     io.Writer
	n       int64
	foreign bool
}

func (g *greeting) Write(b []byte) (int, error) {
	if g.n == 0 && (bytes.HasPrefix(b, []byte("<")) || bytes.HasPrefix(b, []byte("HTTP/"))) {
		g.foreign = true
		return 0, errForeign
	}
	n, err := g.out.Write(b)
	g.n += int64(n)
	return n, err
}
