//go:build unix

package cli

// The terminal program runs in a process of its own, and the one that was
// started waits for it. Whatever ends the program (a panic in a library's
// goroutine, kill -9, a machine short of memory), the terminal is the user's
// again, as it was, and what happened is said where it can be read.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/workspace"
)

const (
	// supervisorVariable tells the program that it is supervised: it holds the supervisor's
	// process. What the program starts in turn has another parent.
	supervisorVariable = "BERTH_SUPERVISOR"
	// crashDescriptor is where the program writes why it died.
	crashDescriptor = 3
	// ownEnd is how long the program has to end by itself at a signal that the
	// terminal sends to both.
	ownEnd = time.Second
)

// supervised reports whether a supervisor waits for this process, and leaves it what
// the end of any goroutine says.
func supervised() bool {
	if os.Getenv(supervisorVariable) != strconv.Itoa(os.Getppid()) {
		return false
	}
	_ = os.Unsetenv(supervisorVariable) // it is there: it can be taken away
	crash := os.NewFile(crashDescriptor, "crash")
	defer func() { _ = crash.Close() }() // SetCrashOutput has its own
	unix.CloseOnExec(crashDescriptor)
	_ = debug.SetCrashOutput(crash, debug.CrashOptions{}) // without, it is on the screen that is left
	return true
}

// supervise runs the program in another process and waits for it. ok is false where
// that cannot be: then nobody waits for it.
func (a *app) supervise(ctx context.Context) (ok bool, err error) {
	in, isFile := a.in.(*os.File)
	out, isFileToo := a.out.(*os.File)
	said, isFileAsWell := a.err.(*os.File)
	path, err := os.Executable()
	if !isFile || !isFileToo || !isFileAsWell || err != nil {
		return false, nil //nolint:nilerr // it goes without
	}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	crash, err := a.crashFile()
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	defer func() {
		_ = crash.Close()
		_ = os.Remove(crash.Name()) // what it said has been kept
	}()
	more := make(chan os.Signal, 1)
	signal.Notify(more, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(more)

	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, a.args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = in, out, said, []*os.File{crash}
	cmd.Env = append(os.Environ(), supervisorVariable+"="+strconv.Itoa(os.Getpid()))
	cmd.SysProcAttr = leashed()
	ended := make(chan error, 1)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the system ends the program with the thread that started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return false, nil //nolint:nilerr // as above
	}
	err = await(ctx, cmd.Process, ended, more)
	if signalled := signalOf(err); signalled != 0 || crashed(crash) {
		tui.PutBack(out)
		_ = term.Restore(int(in.Fd()), before) // a terminal that has gone needs nothing
		return true, a.died(signalled, crash)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return true, &exitError{code: exit.ExitCode()}
	}
	return true, err
}

// await passes signals on, and returns how the program has ended.
func await(ctx context.Context, program *os.Process, ended <-chan error, more <-chan os.Signal) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	var interrupt *interruptError
	sig := syscall.SIGTERM
	if errors.As(context.Cause(ctx), &interrupt) {
		sig = interrupt.signal
	}
	if sig != syscall.SIGTERM { // a terminal sends these to the program too, whose second is its last
		select {
		case err := <-ended:
			return err
		case <-time.After(ownEnd):
		}
	}
	select {
	case <-more: // the first, which this process has had too
	default:
	}
	_ = program.Signal(sig)
	select {
	case err := <-ended:
		return err
	case <-more:
		_ = program.Kill()
		return <-ended
	}
}

// signalOf is the signal that has ended a process, 0 for none.
func signalOf(err error) syscall.Signal {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return 0
}

// crashFile is where the program writes why it died.
func (a *app) crashFile() (*os.File, error) {
	if err := os.MkdirAll(a.env.stateDir(), 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(a.env.stateDir(), "crash-*")
}

// crashed reports whether something has been written there.
func crashed(crash *os.File) bool {
	info, err := crash.Stat()
	return err == nil && info.Size() > 0
}

// died says how the program ended, and keeps what it said.
func (a *app) died(signalled syscall.Signal, crash *os.File) error {
	const hint = "workspaces go on, and so do shells in tmux; open it again with: berth"
	if !crashed(crash) {
		return &exitError{code: 128 + int(signalled), err: workspace.WithHint(fmt.Errorf("the program was ended: %v", signalled), hint)}
	}
	kept := filepath.Join(a.env.stateDir(), "crash.log")
	first := make([]byte, 300)
	n, _ := crash.ReadAt(first, 0) // io.EOF, of a short one
	if err := os.Rename(crash.Name(), kept); err != nil {
		_, _ = crash.Seek(0, io.SeekStart) // the program's writing has moved both
		_, _ = io.Copy(a.err, crash)
	}
	why, _, _ := strings.Cut(string(first[:n]), "\n")
	return workspace.WithHint(fmt.Errorf("the program died: %s", workspace.Safe(why)), "it is a fault of berth: please report it with "+kept)
}
