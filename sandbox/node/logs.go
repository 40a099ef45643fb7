package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Container logs are files in the form of the container runtime interface: each
// line has a time, a stream and a tag, "F" for a full line and "P" for a part
// of one that was too long. One file for each run; the runs before the previous
// one are removed.
const (
	maxLogLine = 16 << 10
	// maxLog ends the log of a run that writes without end.
	maxLog = 64 << 20
)

// logs are the runs of one container.
type logs struct {
	dir string

	mu   sync.Mutex // guards what follows
	next int
	runs map[int]*runLog
}

// newLogs describes the logs in a directory, which is made when needed.
func newLogs(dir string) *logs { return &logs{dir: dir, runs: map[int]*runLog{}} }

// skipTo numbers the next run, after a restart of the node; the run before it
// is readable if its file is still there.
func (l *logs) skipTo(run int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = run
	if path := l.path(run - 1); run > 0 {
		if _, err := os.Stat(path); err == nil {
			l.runs[run-1] = &runLog{path: path, closed: true}
		}
	}
}

// path names the file of a run.
func (l *logs) path(run int) string { return filepath.Join(l.dir, strconv.Itoa(run)+".log") }

// start begins the log of the next run.
func (l *logs) start() (*runLog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a log directory: %w", err)
	}
	path := l.path(l.next)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting a log: %w", err)
	}
	run := &runLog{path: path, file: file, grown: make(chan struct{})}
	l.runs[l.next] = run
	if old := l.next - 2; l.runs[old] != nil {
		delete(l.runs, old)
		_ = os.Remove(l.path(old)) // a left-over log hurts nobody
	}
	l.next++
	return run, nil
}

// last returns the run that is going on or was the last, or the one before it;
// nil when there was none.
func (l *logs) last(previous bool) *runLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	run := l.next - 1
	if previous {
		run--
	}
	return l.runs[run]
}

// runLog is the log of one run.
type runLog struct {
	path string

	mu     sync.Mutex // guards what follows
	file   *os.File
	size   int
	closed bool
	grown  chan struct{} // closed, and replaced, when there is more to read
}

// copy adds what a stream says, until it ends.
func (r *runLog) copy(stream string, from io.Reader) {
	reader := bufio.NewReaderSize(from, maxLogLine)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			tag := "F"
			if errors.Is(err, bufio.ErrBufferFull) {
				tag = "P"
			}
			r.add(stream, tag, strings.TrimSuffix(string(line), "\n"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// add writes one line.
func (r *runLog) add(stream, tag, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.size > maxLog {
		return
	}
	n, err := fmt.Fprintf(r.file, "%s %s %s %s\n", time.Now().Format(time.RFC3339Nano), stream, tag, text)
	r.size += n
	if err != nil {
		r.size = maxLog + 1 // a full disk: the workspace goes on without its log
	}
	close(r.grown)
	r.grown = make(chan struct{})
}

// close ends the log; readers that follow it come to its end.
func (r *runLog) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	_ = r.file.Close() // written line by line: nothing is lost
	close(r.grown)
}

// growth returns a channel that is closed when there is more to read, and
// whether there will ever be.
func (r *runLog) growth() (<-chan struct{}, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grown, !r.closed
}

// A termination message made from a log is limited as a kubelet limits it.
const (
	maxMessage      = 2 << 10
	maxMessageLines = 80
)

// tail returns the last lines for a termination message.
func (r *runLog) tail() string {
	data, err := os.ReadFile(r.path)
	if err != nil {
		return ""
	}
	lines := strings.SplitAfter(string(data), "\n")
	lines = lines[max(0, len(lines)-1-maxMessageLines):]
	var b strings.Builder
	for _, line := range lines {
		if entry, ok := parseEntry(line); ok {
			b.WriteString(entry.text)
		}
	}
	text := b.String()
	return text[max(0, len(text)-maxMessage):]
}
