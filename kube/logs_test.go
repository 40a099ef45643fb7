package kube_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// What the sandbox's container says in each run that is to crash.
const (
	crashBegins = "Starting workspace services."
	crashEnds   = "cannot read /etc/workspace/config.yaml"
)

// crashing makes a workspace whose container ends again and again.
func crashing(t *testing.T, c *kube.Client) workspace.Ref {
	t.Helper()
	req := request(t, namespace(t, c, nil))
	req.Spec.PodTemplate = json.RawMessage(`{"metadata":{"annotations":{"sandbox.berth.sh/fault":"crash"}}}`)
	create(t, c, req)
	return req.Ref
}

// restarted waits until the container was restarted once at least.
func restarted(t *testing.T, c *kube.Client, ref workspace.Ref) {
	t.Helper()
	eventually(t, "the container restarts", func(ctx context.Context) bool {
		pods, err := c.Interface().CoreV1().Pods(ref.Namespace).List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == 1 && len(pods.Items[0].Status.ContainerStatuses) == 1 &&
			pods.Items[0].Status.ContainerStatuses[0].RestartCount > 0
	})
}

// read returns all lines of a log that is not followed.
func read(t *testing.T, c *kube.Client, ref workspace.Ref, o kube.LogOptions) []workspace.LogLine {
	t.Helper()
	var out []workspace.LogLine
	for line, err := range c.Logs(t.Context(), ref, o) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

func TestLogsFollowACrashLoop(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ref := crashing(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begun, ended := 0, 0
	var last time.Time
	for line, err := range c.Logs(ctx, ref, kube.LogOptions{Follow: true}) {
		if err != nil {
			t.Fatalf("following: %v", err)
		}
		if line.Time.IsZero() || line.Time.Before(last) {
			t.Errorf("line %q of %s comes after one of %s", line.Text, line.Time, last)
		}
		last = line.Time
		switch {
		case strings.Contains(line.Text, crashBegins):
			begun++
		case strings.Contains(line.Text, crashEnds):
			ended++
		}
		if begun-ended < 0 || begun-ended > 1 {
			t.Fatalf("a line is missing or came twice: %d runs began, %d ended", begun, ended)
		}
		if ended == 2 {
			cancel() // ends the loop, and without an error
		}
	}
	if ended != 2 || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("%d runs began and %d ended before the log did: %v", begun, ended, ctx.Err())
	}
}

func TestLogsOfTheRunBefore(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ref := crashing(t, c)
	restarted(t, c, ref)
	all := read(t, c, ref, kube.LogOptions{Previous: true})
	if len(all) != 2 || !strings.Contains(all[0].Text, crashBegins) || !strings.Contains(all[1].Text, crashEnds) {
		t.Fatalf("the run before said %v", all)
	}
	tail := read(t, c, ref, kube.LogOptions{Previous: true, Tail: 1})
	if len(tail) != 1 || !strings.Contains(tail[0].Text, crashEnds) {
		t.Errorf("its last line is %v", tail)
	}
	for line, err := range c.Logs(t.Context(), ref, kube.LogOptions{Previous: true}) {
		if err != nil || !strings.Contains(line.Text, crashBegins) {
			t.Errorf("the first line is %q, %v", line.Text, err)
		}
		break // a reader may leave at any line
	}
}

// canned answers every request for a log with a text of its own.
type canned struct {
	next http.RoundTripper
	text func(attempt int) string
	n    int // attempts; one reader asks at a time
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.URL.Path, "/log") {
		return c.next.RoundTrip(req)
	}
	c.n++
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: -1,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(bytes.NewBufferString(c.text(c.n))),
	}, nil
}

// telling returns a client whose logs are canned.
func telling(t *testing.T, text func(attempt int) string) *kube.Client {
	t.Helper()
	return client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &canned{next: next, text: text} })
	})
}

func TestLogsArriveSafe(t *testing.T) {
	t.Parallel()
	const stamp = "2026-03-04T12:00:00.5Z "
	hostile := []string{
		"\x1b]52;c;YQ==\a\x1b[2J", "a\u202eb", "\u009b31m", "\xff\xfe\x00", "a\rb\bc", strings.Repeat("\x1b", 100<<10), "no stamp \x1b[H",
	}
	c := telling(t, func(int) string { return stamp + strings.Join(hostile, "\n"+stamp) + "\n\x1b[1m" })
	lines := read(t, c, workspace.Ref{Namespace: "default", Name: "api"}, kube.LogOptions{Pod: "any"})
	if len(lines) < len(hostile) {
		t.Fatalf("%d lines came of %d", len(lines), len(hostile))
	}
	for _, line := range lines {
		if workspace.Safe(line.Text) != line.Text || strings.ContainsAny(line.Text, "\x1b\a\b\r\x00\u202e\u009b") {
			t.Errorf("a line is %q", line.Text)
		}
	}
}

// TestLogsFollowLongLines reads, after each interruption, a log whose last
// whole second begins with a line that is longer than any buffer.
func TestLogsFollowLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100<<10)
	c := telling(t, func(attempt int) string {
		text := "2026-03-04T12:00:00.1Z " + long + "END\n2026-03-04T12:00:00.2Z short\n"
		if attempt > 1 {
			text += "2026-03-04T12:00:00.3Z enough\n"
		}
		return text
	})
	ends, shorts := 0, 0
	for line, err := range c.Logs(t.Context(), workspace.Ref{Namespace: "default", Name: "api"}, kube.LogOptions{Pod: "any", Follow: true}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(line.Text, "END"):
			ends++
		case line.Text == "short":
			shorts++
		}
		if line.Text == "enough" {
			break
		}
	}
	if ends != 1 || shorts != 1 {
		t.Errorf("the end of the long line came %d times, the short one %d times", ends, shorts)
	}
}
