package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptError is the cause of a context that a signal has ended.
type interruptError struct{ signal syscall.Signal }

func (e *interruptError) Error() string { return "interrupted by " + e.signal.String() }

// withSignals returns a context that ends at the first signal that asks the
// process to go; its cause is an *interruptError. The second such signal kills
// the process at once: what hangs must not hold the user. stop waits for the
// goroutine behind it.
func withSignals(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal) // always one on the systems that berth runs on
			cancel(&interruptError{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		// The signals stay caught: one that comes now, when all is done and said,
		// must not turn the exit code into another.
		cancel(nil)
		<-done
	}
}

// defaultSignals undoes withSignals for what ssh runs as ProxyCommand: ssh
// sends SIGHUP when it is done, and to end at once is the right answer.
func defaultSignals() { signal.Reset(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) }
