package tunnel

import (
	"io"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// sizeInterval is how often the console's size is looked at: there is no
// signal for it.
const sizeInterval = 250 * time.Millisecond

// watchSize reports the size of the console behind out whenever it changes.
// stop ends the reports and waits for the watcher.
func watchSize(out io.Writer) (sizes <-chan Size, stop func()) {
	reports, done := make(chan Size), make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		ticker := time.NewTicker(sizeInterval)
		defer ticker.Stop()
		last := sizeOf(out)
		for {
			select {
			case <-ticker.C:
			case <-done:
				return
			}
			size := sizeOf(out)
			if size == last {
				continue
			}
			last = size
			select {
			case reports <- size:
			case <-done:
				return
			}
		}
	})
	return reports, func() {
		close(done)
		watcher.Wait()
	}
}

// enableSequences makes the console obey escape sequences.
func enableSequences(out io.Writer) (undo func()) {
	file, ok := out.(filer)
	if !ok {
		return func() {}
	}
	handle := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return func() {}
	}
	_ = windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	return func() { _ = windows.SetConsoleMode(handle, mode) }
}
