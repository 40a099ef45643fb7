//go:build unix

package connect

import (
	"errors"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

// exactly reads an answer from a socket that somebody else goes on with: what
// lies behind the answer stays in the socket. Other connections are read as
// they come.
func exactly(conn net.Conn) answerer {
	if tcp, ok := conn.(*net.TCPConn); ok {
		return peeker{tcp}
	}
	return buffered{conn}
}

// peeker looks first and takes later.
type peeker struct{ *net.TCPConn }

func (p peeker) look(b []byte) (n int, err error) {
	raw, err := p.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failed = unix.Recvfrom(int(fd), b, unix.MSG_PEEK)
		return !errors.Is(failed, unix.EAGAIN) && !errors.Is(failed, unix.EINTR)
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (p peeker) take(b []byte) error {
	_, err := io.ReadFull(p.TCPConn, b)
	return err
}
