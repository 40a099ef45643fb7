package connect

// ssh gives its helper pipes, and splice(2) moves bytes between a pipe and a
// socket without a copy to this process: half the processor time of a loop
// that reads and writes.
//
// A splice that sleeps holds the pipe's lock, and ssh, which reads that pipe
// without waiting, then sleeps as well. So no splice here ever waits: the
// socket is waited for by the runtime, the pipe by poll(2), and only then are
// bytes moved.

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// spliceSize is the most that one call moves: all that a pipe of the largest
// usual size holds.
const spliceSize = 1 << 20

const spliceFlags = unix.SPLICE_F_NONBLOCK | unix.SPLICE_F_MOVE

// pipeOf returns the descriptor of a pipe; ok is false for any other file.
func pipeOf(file *os.File) (raw syscall.RawConn, ok bool) {
	var st unix.Stat_t
	if stat(file, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return nil, false
	}
	raw, err := file.SyscallConn()
	return raw, err == nil
}

// socketOf returns the descriptor of a plain socket; ok is false for any other
// connection.
func socketOf(conn net.Conn) (raw syscall.RawConn, ok bool) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	return raw, err == nil
}

// piped is the source of an input that is a pipe, to a plain socket.
type piped struct {
	pipe, socket syscall.RawConn
	wake, waker  *os.File // closing waker ends a wait for the pipe
}

func newPiped(conn net.Conn, in io.Reader) source {
	file, ok := in.(*os.File)
	if !ok {
		return nil
	}
	p := &piped{}
	if p.pipe, ok = pipeOf(file); !ok {
		return nil
	}
	if p.socket, ok = socketOf(conn); !ok {
		return nil
	}
	var err error
	if p.wake, p.waker, err = os.Pipe(); err != nil {
		return nil
	}
	return p
}

func (p *piped) send() error {
	var failed error
	err := p.pipe.Control(func(in uintptr) {
		for failed == nil && waitFor(int(in), unix.POLLIN, int(p.wake.Fd())) {
			var n int64
			// The pipe has something or has ended, so only the socket can be
			// what is not ready.
			err := p.socket.Write(func(out uintptr) bool {
				n, failed = splice(int(in), int(out))
				return !errors.Is(failed, unix.EAGAIN)
			})
			switch {
			case err != nil:
				failed = err
			case failed == nil && n == 0:
				return // the end of the input
			}
		}
	})
	if err != nil {
		return nil //nolint:nilerr // the end of the input, in whatever form, is an end
	}
	return failed
}

func (p *piped) stop() bool { return p.waker.Close() == nil }
func (p *piped) release()   { _ = p.wake.Close() }

// pour moves what conn says to out, and calls heard each time. It returns
// io.EOF at the remote's end, conn's error, or nil where the rest has to be
// moved by other means: a failure to write is then found, and dealt with, there.
func pour(conn net.Conn, out *os.File, heard func()) error {
	pipe, ok := pipeOf(out)
	if !ok {
		return nil
	}
	socket, ok := socketOf(conn)
	if !ok {
		return nil
	}
	var result error
	err := pipe.Control(func(to uintptr) {
		for {
			var n int64
			var failed error
			err := socket.Read(func(from uintptr) bool {
				n, failed = splice(int(from), int(to))
				return !errors.Is(failed, unix.EAGAIN) || isReady(int(from), unix.POLLIN)
			})
			switch {
			case err != nil:
				result = err
				return
			case errors.Is(failed, unix.EAGAIN): // the pipe is full
				waitFor(int(to), unix.POLLOUT, -1)
			case errors.Is(failed, unix.ECONNRESET), errors.Is(failed, unix.ETIMEDOUT):
				result = os.NewSyscallError("splice", failed)
				return
			case failed != nil:
				return
			case n == 0:
				result = io.EOF
				return
			default:
				heard()
			}
		}
	})
	if err != nil {
		return nil //nolint:nilerr // nothing has been moved
	}
	return result
}

// splice is splice(2), which does not wait.
func splice(from, to int) (n int64, err error) {
	for {
		n, err = unix.Splice(from, nil, to, nil, spliceSize, spliceFlags)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// waitFor blocks until fd is ready or has ended, and reports whether it was
// that and not the end of the pipe wake; -1 is none.
func waitFor(fd int, events int16, wake int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(wake)}}
	for {
		_, err := unix.Poll(fds, -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return err == nil && fds[1].Revents == 0
	}
}

// isReady asks without waiting.
func isReady(fd int, events int16) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents != 0
}
