//go:build unix

package tunnel

import (
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// watchSize reports the size of the terminal behind out whenever it changes,
// the latest one only. stop ends the reports and waits for the watcher.
func watchSize(out io.Writer) (sizes <-chan Size, stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	reports, done := make(chan Size), make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for {
			select {
			case <-changed:
			case <-done:
				return
			}
			select {
			case reports <- sizeOf(out):
			case <-done:
				return
			}
		}
	})
	return reports, func() {
		signal.Stop(changed)
		close(done)
		watcher.Wait()
	}
}

// enableSequences has nothing to do: terminals here know escape sequences.
func enableSequences(io.Writer) (undo func()) { return func() {} }
