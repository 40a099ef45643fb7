package kube

// Logs of a workspace's container. Followed, they survive the container's
// restart and the pod's replacement: reading goes on after the last line that
// was seen, by the time stamp that the kubelet puts before each line.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berth-sh/berth/workspace"
)

// LogOptions says which lines are read.
type LogOptions struct {
	Pod       string    // "" is the newest pod
	Container string    // "" is the workspace's own
	Follow    bool      // go on with new lines, also after a restart, until the context ends
	Previous  bool      // the run before the current one; not with Follow
	Tail      int       // at most this many old lines; 0 is all
	Since     time.Time // no line before it; zero is all

	// Lost hears why a log that is followed has stopped, and nil when it goes
	// on. With it a log that has begun outlives the API server's absence; a nil
	// Lost ends it with an error instead.
	Lost func(error)
}

// logPause is how long a followed log rests before it looks for the next run;
// while the API server is away it rests up to logPauseMost.
const (
	logPause     = 500 * time.Millisecond
	logPauseMost = 5 * time.Second
)

// logRefusals is how many refusals in a row end a log that has begun: an API
// server that has just started refuses everything for a moment.
const logRefusals = 5

// maxLogLine is where a longer line is cut, in bytes.
const maxLogLine = 64 << 10

// Logs reads lines in order. Reading ends with the first error; a context that
// ends is none. Text has passed workspace.Safe.
func (c *Client) Logs(ctx context.Context, ref workspace.Ref, o LogOptions) iter.Seq2[workspace.LogLine, error] {
	return func(yield func(workspace.LogLine, error) bool) {
		r := logReader{client: c, ref: ref, options: o, yield: yield}
		if err := r.run(ctx); err != nil && ctx.Err() == nil {
			yield(workspace.LogLine{}, fmt.Errorf("reading the log of %s: %w", ref.Name, c.explain(err)))
		}
	}
}

// errEnough says that the reader wants no more lines.
var errEnough = errors.New("enough")

// logReader is one reading of a log across restarts.
type logReader struct {
	client  *Client
	ref     workspace.Ref
	options LogOptions
	yield   func(workspace.LogLine, error) bool
	last    time.Time // of the last line that was passed on
	again   int       // how many lines with that very time were passed on

	begun    bool // a stream has been opened
	lost     bool // Lost has heard of it
	refusals int  // in a row
}

func (r *logReader) run(ctx context.Context) error {
	pause := logPause
	for {
		err := r.once(ctx)
		switch {
		case errors.Is(err, errEnough):
			return nil
		case !r.options.Follow:
			return err
		case err == nil, startsLater(err):
			pause = logPause
		case !r.outlives(ctx, err):
			return err
		default:
			pause = min(2*pause, logPauseMost)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// outlives reports whether reading goes on after a failure, and tells of it.
func (r *logReader) outlives(ctx context.Context, err error) bool {
	if r.options.Lost == nil || !r.begun || ctx.Err() != nil {
		return false
	}
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		if r.refusals++; r.refusals >= logRefusals {
			return false
		}
	}
	r.lost = true
	r.options.Lost(r.client.explain(err))
	return true
}

// opened notes that the log can be had.
func (r *logReader) opened() {
	r.begun, r.refusals = true, 0
	if r.lost {
		r.lost = false
		r.options.Lost(nil)
	}
}

// startsLater recognises answers that another attempt may change: there is no
// container yet, or the pod has just gone.
func startsLater(err error) bool {
	return apierrors.IsBadRequest(err) || apierrors.IsNotFound(err) || errors.Is(err, workspace.ErrNotFound) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// once reads one run of the container to its end.
func (r *logReader) once(ctx context.Context) error {
	pod := r.options.Pod
	if pod == "" {
		newest, err := r.client.newestPod(ctx, r.ref)
		if err != nil {
			return err
		}
		pod = newest
	}
	stream, err := r.client.clientset.CoreV1().Pods(r.ref.Namespace).GetLogs(pod, r.podOptions()).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }() // nothing is lost on a stream that was read
	r.opened()
	return r.lines(stream)
}

func (r *logReader) podOptions() *corev1.PodLogOptions {
	o := &corev1.PodLogOptions{
		Container: r.options.Container, Follow: r.options.Follow, Previous: r.options.Previous, Timestamps: true,
	}
	if o.Container == "" {
		o.Container = ContainerName
	}
	since := r.options.Since
	if !r.last.IsZero() {
		since = r.last
	} else if r.options.Tail > 0 {
		tail := int64(r.options.Tail)
		o.TailLines = &tail
	}
	if !since.IsZero() {
		// The API knows whole seconds here; lines cuts the rest.
		o.SinceTime = &metav1.Time{Time: since.Truncate(time.Second)}
	}
	return o
}

// lines passes on what is new.
func (r *logReader) lines(stream io.Reader) error {
	in := bufio.NewReaderSize(stream, maxLogLine)
	old := oldLines{until: maxTime(r.last, r.options.Since), last: r.last, seen: r.again}
	cut, drop := false, false
	for {
		raw, err := in.ReadSlice('\n')
		rest := cut
		if cut = errors.Is(err, bufio.ErrBufferFull); cut {
			err = nil
		}
		if len(raw) > 0 {
			line := logLine(string(raw), rest)
			if !rest {
				drop = old.has(line) // the rest of a cut line goes with its beginning
			}
			if !drop && !r.pass(line) {
				return errEnough
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pass hands a line on and remembers how far reading has come.
func (r *logReader) pass(line workspace.LogLine) bool {
	switch {
	case line.Time.IsZero():
	case line.Time.Equal(r.last):
		r.again++
	default:
		r.last, r.again = line.Time, 1
	}
	return r.yield(line, nil)
}

// oldLines tells the lines of a stream that are not wanted: those before a
// time, and those at the last line's very time that an earlier stream had.
type oldLines struct {
	until, last time.Time
	seen        int
}

func (o *oldLines) has(line workspace.LogLine) bool {
	switch {
	case line.Time.IsZero():
		return false
	case line.Time.Before(o.until):
		return true
	case line.Time.Equal(o.last) && o.seen > 0:
		o.seen--
		return true
	}
	return false
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// logLine takes the kubelet's time stamp off a line; the rest of one that was
// cut has none.
func logLine(raw string, rest bool) workspace.LogLine {
	raw = strings.TrimRight(raw, "\r\n")
	stamp, text, _ := strings.Cut(raw, " ")
	if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil && !rest {
		return workspace.LogLine{Time: at, Text: workspace.Safe(text)}
	}
	return workspace.LogLine{Text: workspace.Safe(raw)}
}

// newestPod returns the name of the newest pod that is not going, else of the
// newest one. The error is of kind ErrNotFound where there is none.
func (c *Client) newestPod(ctx context.Context, ref workspace.Ref) (string, error) {
	list, err := c.clientset.CoreV1().Pods(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: refSelector(ref)})
	if err != nil {
		return "", err
	}
	var best *corev1.Pod
	for i := range list.Items {
		p := &list.Items[i]
		if best == nil || newerPod(p, best) {
			best = p
		}
	}
	if best == nil {
		return "", workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s has no pod", ref.Name)),
			"see why: berth why "+ref.Name+" --namespace "+ref.Namespace)
	}
	return best.Name, nil
}

func newerPod(a, b *corev1.Pod) bool {
	if (a.DeletionTimestamp == nil) != (b.DeletionTimestamp == nil) {
		return a.DeletionTimestamp == nil
	}
	return a.CreationTimestamp.After(b.CreationTimestamp.Time)
}

// refSelector selects the objects of one workspace.
func refSelector(ref workspace.Ref) string { return labels.Set(ownLabels(ref)).String() }
