package controlplane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// logCap is the size in bytes at which a log is moved aside; one older part is
// kept, so a component's logs never take more than twice that.
const logCap = 4 << 20

// CapLog is a log file of limited size. Writes never fail: a full disk must
// not stop the program that logs about it.
type CapLog struct {
	path string

	mu   sync.Mutex // guards what follows
	file *os.File   // nil when it could not be opened; tried again at the next write
	size int64
}

// OpenCapLog appends to the log at path.
func OpenCapLog(path string) (*CapLog, error) {
	l := &CapLog{path: path}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	return l, nil
}

func (l *CapLog) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Write implements io.Writer; it always takes all of p.
func (l *CapLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil && l.size+int64(len(p)) > logCap {
		l.rotate()
	}
	if l.file == nil && l.open() != nil {
		return len(p), nil
	}
	n, _ := l.file.Write(p) // see the type's comment
	l.size += int64(n)
	return len(p), nil
}

func (l *CapLog) rotate() {
	_ = l.file.Close() // nothing buffered, nothing lost
	l.file = nil
	if err := os.Rename(l.path, l.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		// Losing old lines is better than growing without limit.
		_ = os.Truncate(l.path, 0)
	}
}

// Close closes the file.
func (l *CapLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
