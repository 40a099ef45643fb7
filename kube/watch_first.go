package kube

// The first page. The lists of ten thousand workspaces take seconds to arrive,
// and their beginning a fraction of one: it is asked for beside them, and shown
// until they are there. It is for the eye only. A snapshot with it is not
// synced, so nobody takes it for the whole.

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// firstPage is how many objects of each kind are asked for.
const firstPage = 120

// readFirst shows the rows that are whole in the first pages. What goes wrong
// is for the sources to tell: they ask for the same.
func (w *Watcher) readFirst(ctx context.Context) {
	page := NewWatcher(w.client, w.config) // to fold with; it never runs
	page.synced = true
	ends, errs := make([]string, len(page.sources)), make([]error, len(page.sources))
	var reading sync.WaitGroup
	for i, s := range page.sources {
		if !s.optional {
			reading.Go(func() { ends[i], errs[i] = s.readFirst(ctx) })
		}
	}
	reading.Wait()
	for _, err := range errs {
		if err != nil {
			return
		}
	}
	page.foldDirty()
	var rows []workspace.Workspace
	for ref, r := range page.rows {
		if r.shown && whole(ref, ends) {
			rows = append(rows, r.out)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.synced && len(rows) > 0 {
		w.first = rows
		w.publish()
	}
}

// readFirst reads one page into rows and returns the key at which it ends, ""
// for the end of the list.
func (s *source) readFirst(ctx context.Context) (end string, err error) {
	list, err := s.list(ctx, metav1.ListOptions{Limit: firstPage})
	if err != nil {
		return "", err
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	last := ""
	err = meta.EachListItem(list, func(obj runtime.Object) error {
		o, err := s.take(obj)
		if err == nil {
			last = o.key()
			s.put(o)
		}
		return err
	})
	if m, ok := list.(metav1.ListInterface); !ok || m.GetContinue() == "" {
		return "", err
	}
	return last, err
}

// whole reports whether all objects of a workspace come before the ends of the
// pages: their names are its own with a dash and letters behind it.
func whole(ref workspace.Ref, ends []string) bool {
	for _, end := range ends {
		if end != "" && ref.Namespace+"/"+ref.Name+"-~" > end {
			return false
		}
	}
	return true
}
