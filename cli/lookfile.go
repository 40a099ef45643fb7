package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/moby/sys/atomicwriter"

	"github.com/berth-sh/berth/tui"
)

// lookFile implements tui.Memory with a file. What cannot be read is not worth a
// word on the screen: the log has it, and the program begins as at first.
type lookFile struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex // guards what follows
	newer bool       // the file is a later version's, which must not lose it
}

// lookVersion is of the file; one that is higher is not understood.
const lookVersion = 1

// remembered is the file.
type remembered struct {
	Version int      `json:"version"`
	List    tui.Look `json:"list"`
}

// Recall implements tui.Memory.
func (m *lookFile) Recall() tui.Look {
	data, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return tui.Look{}
	}
	var r remembered
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err == nil && r.Version > lookVersion {
		m.mu.Lock()
		m.newer = true
		m.mu.Unlock()
		err = fmt.Errorf("it is of version %d, this program knows %d", r.Version, lookVersion)
	}
	if err != nil {
		m.log.Warn("how the program looked is not remembered", "file", m.path, "error", err)
		return tui.Look{}
	}
	return r.List
}

// Keep implements tui.Memory.
func (m *lookFile) Keep(_ context.Context, l tui.Look) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.newer {
		return nil
	}
	data, err := json.MarshalIndent(remembered{lookVersion, l}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", m.path, err)
	}
	if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", m.path, err)
	}
	if err := atomicwriter.WriteFile(m.path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", m.path, err)
	}
	return nil
}
