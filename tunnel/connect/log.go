package connect

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The log holds what ssh hides: it drops a helper's stderr in some modes, and
// editors show only part of it. Errors and fallbacks are written, everything
// else only when debugging. It stays below two files of maxLog bytes.

// maxLog is the size in bytes at which the log is put aside.
const maxLog = 256 << 10

// logf adds a line to the log. A log that cannot be written must not keep
// anyone from a shell, so failures are dropped.
func (p Program) logf(format string, args ...any) {
	if p.Dir == "" {
		return
	}
	path := filepath.Join(p.Dir, "connect.log")
	if info, err := os.Lstat(path); err == nil && info.Size() >= maxLog {
		_ = os.Rename(path, path+".1") // a second process may have done it: as good
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	line := time.Now().UTC().Format(time.RFC3339) + " " + strconv.Itoa(os.Getpid()) + " " + fmt.Sprintf(format, args...) + "\n"
	_, _ = file.WriteString(line)
	_ = file.Close()
}

// debugf is logf when debugging.
func (p Program) debugf(format string, args ...any) {
	if p.Debug {
		p.logf(format, args...)
	}
}
