//go:build !unix

package connect

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/berth-sh/berth/workspace/alias"
)

// passing: no ssh of this system passes sockets.
func passing(io.Reader, io.Writer) *os.File { return nil }

func pass(syscall.Conn, *os.File) error { return errors.ErrUnsupported }

func residentBerth(string, io.Writer) (net.Conn, error) { return nil, errors.ErrUnsupported }

func residentSelf([]string, alias.Transport, string, io.Writer) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}
