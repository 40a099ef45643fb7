package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// entry is one line of a log.
type entry struct {
	at     time.Time
	stream string
	text   string // with its newline, unless the line goes on
}

// parseEntry reads one line of a file; false for a line that is not complete.
func parseEntry(line string) (entry, bool) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 || !strings.HasSuffix(line, "\n") {
		return entry{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, fields[0])
	if err != nil {
		return entry{}, false
	}
	text := fields[3]
	if fields[2] == "P" {
		text = strings.TrimSuffix(text, "\n")
	}
	return entry{at: at, stream: fields[1], text: text}, true
}

// logOptions are the options of a request for logs.
type logOptions struct {
	follow     bool
	tail       int // lines; negative for all
	since      time.Time
	timestamps bool
	limit      int64  // bytes; negative for no limit
	stream     string // "Stdout", "Stderr", or all
}

// wants reports whether an entry is asked for.
func (o *logOptions) wants(e *entry) bool {
	switch o.stream {
	case "Stdout":
		if e.stream != "stdout" {
			return false
		}
	case "Stderr":
		if e.stream != "stderr" {
			return false
		}
	}
	return o.since.IsZero() || !e.at.Before(o.since)
}

// send writes a log to out, and what is added to it while ctx goes on where
// that is asked for.
func (r *runLog) send(ctx context.Context, out io.Writer, flush func(), o logOptions) error {
	file, err := os.Open(r.path)
	if err != nil {
		return fmt.Errorf("opening a log: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	reader := bufio.NewReader(file)
	// With a number of lines asked for, the end has to be known first; what is
	// added from then on is sent as it comes.
	grown, growing := r.growth()
	entries, partial, err := readEntries(reader, "", &o)
	if err != nil {
		return err
	}
	if o.tail >= 0 {
		entries = entries[max(0, len(entries)-o.tail):]
	}
	for {
		for i := range entries {
			if done, err := o.write(out, &entries[i]); done || err != nil {
				return err
			}
		}
		flush()
		if !o.follow || !growing {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-grown:
		}
		grown, growing = r.growth()
		if entries, partial, err = readEntries(reader, partial, &o); err != nil {
			return err
		}
	}
}

// readEntries reads to the end of the file. A last line that is not complete is
// handed back, to be continued.
func readEntries(reader *bufio.Reader, partial string, o *logOptions) (entries []entry, rest string, err error) {
	for {
		line, err := reader.ReadString('\n')
		line = partial + line
		partial = ""
		if errors.Is(err, io.EOF) {
			return entries, line, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading a log: %w", err)
		}
		if e, ok := parseEntry(line); ok && o.wants(&e) {
			entries = append(entries, e)
		}
	}
}

// write writes one entry and reports whether the limit is reached.
func (o *logOptions) write(out io.Writer, e *entry) (done bool, err error) {
	text := e.text
	if o.timestamps {
		text = e.at.Format(time.RFC3339Nano) + " " + text
	}
	if o.limit >= 0 && int64(len(text)) >= o.limit {
		text, done = text[:o.limit], true
	}
	if o.limit >= 0 {
		o.limit -= int64(len(text))
	}
	_, err = io.WriteString(out, text)
	return done, err
}
