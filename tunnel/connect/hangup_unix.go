//go:build unix

package connect

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// unwatched is how long a run goes on without a look at whether ssh is still
// there: most are done before, and a watch costs them a thread.
const unwatched = 100 * time.Millisecond

// watchHangup calls gone when the other end of in closes, or a moment later. It
// takes no byte from in: what ssh has said already stays for whoever copies in
// the end, which may be another program. The watch is over when release returns.
func watchHangup(in io.Reader, gone func()) (release func()) {
	file, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	end := make(chan func(), 1)
	timer := time.AfterFunc(unwatched, func() { end <- startWatch(file, gone) })
	return func() {
		if !timer.Stop() {
			(<-end)()
		}
	}
}

// startWatch watches until the function that it returns is called.
func startWatch(file *os.File, gone func()) (end func()) {
	raw, err := file.SyscallConn()
	if err != nil {
		return func() {}
	}
	wake, waker, err := os.Pipe()
	if err != nil {
		return func() {}
	}
	var watch sync.WaitGroup
	watch.Go(func() {
		_ = raw.Control(func(fd uintptr) {
			if waitHangup(int32(fd), int32(wake.Fd())) {
				gone()
			}
		})
	})
	return func() {
		_ = waker.Close()
		watch.Wait()
		_ = wake.Close()
	}
}

// waitHangup blocks until the other end of fd closes or that of wake does,
// and reports whether it was fd's. Devices that cannot be polled count as
// never closing.
func waitHangup(fd, wake int32) bool {
	fds := []unix.PollFd{{Fd: fd}, {Fd: wake}} // no events: only hang-ups are reported
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil, fds[1].Revents != 0:
			return false
		case fds[0].Revents&unix.POLLNVAL != 0:
			fds[0].Fd = -1 // ignored from now on
		case fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0:
			return true
		}
	}
}
