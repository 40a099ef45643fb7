package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is the size in bytes at which the log starts anew; the previous one
// is kept beside it.
const maxLog = 4 << 20

// logWriter opens the log when something is first written: most commands have
// nothing to say, and completion must not touch the disk.
type logWriter struct {
	path string

	mu   sync.Mutex // guards the fields below
	file *os.File
	err  error // why there is no log; a program must run without one
}

// Write implements io.Writer. It never fails: a log that cannot be written
// must not fail what is being logged.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil && w.err == nil {
		w.file, w.err = openLog(w.path)
	}
	if w.err == nil {
		_, w.err = w.file.Write(p)
	}
	return len(p), nil
}

// Close closes the log and returns why it could not be written, if so.
func (w *logWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		if err := w.file.Close(); w.err == nil {
			w.err = err
		}
		w.file = nil
	}
	return w.err
}

// openLog opens the log for appending, readable by its owner alone: it names
// clusters and hosts.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("starting a new log: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return f, nil
}

// newLogger logs warnings, or everything.
func newLogger(w io.Writer, debug bool) *slog.Logger {
	level := slog.LevelWarn
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
