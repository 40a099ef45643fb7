//go:build unix

package connect

// With ProxyUseFdpass, ssh gives its helper one end of a socket pair as both
// standard input and output, and takes the connection itself through it. The
// helper then exits, so that a session costs no process and no copy. ssh waits
// for that exit, so what has to be copied after all is another process's work.

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/workspace/alias"
)

// passing returns the socket that ssh waits at for a connection, or nil where
// in and out are anything else. Programs other than ssh may use a socket for
// each of the two, so being a socket is not enough.
func passing(in io.Reader, out io.Writer) *os.File {
	from, ok := in.(*os.File)
	to, also := out.(*os.File)
	if !ok || !also {
		return nil
	}
	var a, b unix.Stat_t
	if stat(from, &a) != nil || stat(to, &b) != nil || a.Mode&unix.S_IFMT != unix.S_IFSOCK || a.Ino != b.Ino || a.Dev != b.Dev {
		return nil
	}
	return to
}

func stat(f *os.File, st *unix.Stat_t) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.Fstat(int(fd), st) }); err != nil {
		return err
	}
	return failed
}

// pass sends conn's socket through to. The options set on it travel along; it
// is made blocking, which is how ssh expects it.
func pass(conn syscall.Conn, to *os.File) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	way, err := to.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.SetNonblock(int(fd), false); failed != nil {
			return
		}
		rights := unix.UnixRights(int(fd))
		if err := way.Control(func(out uintptr) { failed = unix.Sendmsg(int(out), []byte{0}, rights, nil, 0) }); err != nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// residentBerth starts berth for a port-forward, and returns the end for ssh.
func residentBerth(name string, stderr io.Writer) (net.Conn, error) {
	path, err := siblingPath()
	if err != nil {
		return nil, &siblingError{err}
	}
	conn, err := resident(path, []string{path, "connect", "--via", string(alias.PortForward), name}, stderr)
	if err != nil {
		return nil, &siblingError{err}
	}
	return conn, nil
}

// residentSelf starts this program once more, to copy what cannot be handed
// over, and returns the end for ssh. A via that the caller insisted on holds
// there too.
func residentSelf(self []string, via alias.Transport, name string, stderr io.Writer) (net.Conn, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	args := slices.Clone(self)
	if via != "" {
		args = append(args, "--via", string(via))
	}
	conn, err := resident(path, append(args, name), stderr)
	if err != nil {
		return nil, fmt.Errorf("running this program beside ssh: %w", err)
	}
	return conn, nil
}

// resident starts a program that outlives this one and copies a connection on
// its standard input and output, and returns the other end of those. What the
// program says comes out at stderr.
func resident(path string, args []string, stderr io.Writer) (net.Conn, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer func() { _, _ = ours.Close(), theirs.Close() }() // both live on as copies
	// Without a context: it outlives this process.
	cmd := exec.CommandContext(context.Background(), path, args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := cmd.Process.Release(); err != nil {
		return nil, fmt.Errorf("letting go of it: %w", err)
	}
	return net.FileConn(ours)
}
