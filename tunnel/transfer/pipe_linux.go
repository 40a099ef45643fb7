package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// widen makes room in a pipe for a few of the largest packets: each wait of one
// side for the other costs a change between processes.
func widen(pipe *os.File) {
	const room = 1 << 20 // what an unprivileged user may ask for
	if raw, err := pipe.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, room) // smaller works as well
		})
	}
}
