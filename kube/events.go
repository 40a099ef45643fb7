package kube

// Events: evidence for rows that are not settled, and a list for the detail
// view. They are asked for by object, never watched: a namespace may hold tens
// of thousands.

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/workspace"
)

const (
	eventPage  = 500
	eventPages = 20 // at most this many pages of a namespace are read
)

// Events returns what has happened to the workspace's objects, newest first,
// as long as the cluster remembers it (an hour by default).
func (c *Client) Events(ctx context.Context, ref workspace.Ref) ([]workspace.Event, error) {
	var out []workspace.Event
	options := metav1.ListOptions{Limit: eventPage}
	for range eventPages {
		list, err := c.clientset.CoreV1().Events(ref.Namespace).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("reading events: %w", c.explain(err))
		}
		for i := range list.Items {
			if e := &list.Items[i]; belongs(ref, e.InvolvedObject.Kind, e.InvolvedObject.Name) {
				out = append(out, seeEvent(e))
			}
		}
		if options.Continue = list.Continue; options.Continue == "" {
			break
		}
	}
	newestFirst(out)
	return out, nil
}

func newestFirst(events []workspace.Event) {
	slices.SortStableFunc(events, func(a, b workspace.Event) int { return b.Time.Compare(a.Time) })
}

// generated matches what controllers append to a name: letters and digits from
// which no word can be made. It tells pod api-7d9f8b6c5-x2x7q of workspace api
// from those of workspace api-web, even when the pod is long gone.
var generated = regexp.MustCompile(`^-[bcdfghjklmnpqrstvwxz2456789]{5,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?$`)

// belongs reports whether an object is the workspace's, by name alone.
func belongs(ref workspace.Ref, kind, name string) bool {
	switch kind {
	case "Pod", "ReplicaSet":
		if len(name) < len(ref.Name) || name[:len(ref.Name)] != ref.Name {
			return false
		}
		m := generated.FindStringSubmatch(name[len(ref.Name):])
		return m != nil && (m[1] != "") == (kind == "Pod")
	case "PersistentVolumeClaim":
		return name == ref.ClaimName()
	case "Secret":
		return name == ref.SecretName()
	case "ConfigMap":
		return name == ref.BootName()
	case "Service":
		return name == ref.Name || name == ref.BalancerName()
	}
	return name == ref.Name
}

// objectEvents reads the events of one object, newest first.
func objectEvents(ctx context.Context, client kubernetes.Interface, namespace, uid string) ([]workspace.Event, error) {
	list, err := client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", uid).String(), Limit: eventPage,
	})
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	out := make([]workspace.Event, 0, len(list.Items))
	for i := range list.Items {
		out = append(out, seeEvent(&list.Items[i]))
	}
	newestFirst(out)
	return out, nil
}

// Limits of reading events for the list: how many rows at most in one round,
// and how long one answer may take.
const (
	eventRound   = 500 * time.Millisecond
	eventRows    = 4
	eventTimeout = 5 * time.Second
)

// readEvents asks for the events of rows that are not settled, and sleeps while
// there are none.
func (w *Watcher) readEvents(ctx context.Context) {
	timer := time.NewTimer(eventRound)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wants, more := w.wantEvents()
		for _, want := range wants {
			w.readRow(ctx, want)
		}
		if !more {
			select {
			case <-ctx.Done():
				return
			case <-w.stirred:
			}
		}
		timer.Reset(eventRound)
	}
}

// eventWant is one row to ask for, and the objects to ask about.
type eventWant struct {
	ref  workspace.Ref
	uids []string
}

// wantEvents picks the rows whose turn it is, and reports whether there are
// unsettled ones at all. The longer a row is unsettled, the less often: a
// workspace that has failed for a day says nothing new.
func (w *Watcher) wantEvents() (out []eventWant, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	more = len(w.restless) > 0
	if !w.state.staleSince.IsZero() {
		return nil, more
	}
	now := time.Now()
	for ref, r := range w.restless {
		if now.Before(r.eventsNext) || len(out) == eventRows {
			continue
		}
		pause := time.Second
		if age := w.config.Now().Sub(r.eventsFrom); age > 2*time.Minute {
			pause = 30 * time.Second
		} else if age > 15*time.Second {
			pause = 5 * time.Second
		}
		r.eventsNext = now.Add(pause)
		want := eventWant{ref: ref}
		for _, p := range r.newestPods() {
			want.uids = append(want.uids, p.observed.UID)
			break
		}
		if r.claim != nil && r.claim.observed.Phase != string(corev1.ClaimBound) {
			want.uids = append(want.uids, r.claim.observed.UID)
		}
		if r.balancer != nil && r.balancer.Address == "" {
			want.uids = append(want.uids, r.balancer.UID)
		}
		out = append(out, want)
	}
	return out, more
}

func (w *Watcher) readRow(ctx context.Context, want eventWant) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	var events []workspace.Event
	for _, uid := range want.uids {
		of, err := objectEvents(ctx, w.client, want.ref.Namespace, uid)
		if err != nil {
			w.config.Log.Debug("no events", "workspace", want.ref.String(), "error", err)
			return
		}
		events = append(events, of...)
	}
	newestFirst(events)
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.rows[want.ref]; r != nil && !slices.Equal(r.events, events) {
		r.events = events
		w.dirty[want.ref] = true
		w.wake()
	}
}
