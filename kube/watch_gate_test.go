package kube

import (
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestTheGateTellsLongPauses: what the server asks for is told, and so is the
// pause for a login; its own short pauses are not worth a word.
func TestTheGateTellsLongPauses(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		long time.Duration
	}{
		{"no answer", errors.New("connection refused"), 0},
		{"asked to wait", apierrors.NewTooManyRequests("busy", 8), 8 * time.Second},
		{"a second is nothing", apierrors.NewTooManyRequests("busy", 1), 0},
		{"a plugin that fails", errors.New("Get: getting credentials: exec: executable aws failed with exit code 1"), loginPause},
		{"credentials that are refused", apierrors.NewUnauthorized("expired"), loginPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g gate
			g.fail(c.err)
			later := g.later()
			if (c.long > 0) == later.IsZero() || c.long > 0 && time.Until(later) < c.long-time.Second {
				t.Errorf("it asks again at %v, in %v", later, time.Until(later))
			}
		})
	}
}

// TestTheGateHurries: whoever has logged in does not wait for the pause to end.
func TestTheGateHurries(t *testing.T) {
	var g gate
	g.fail(apierrors.NewUnauthorized("expired"))
	through := make(chan error, 1)
	go func() { through <- g.enter(t.Context()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := g.enter(ctx); err == nil {
		t.Fatal("it has let somebody through")
	}
	g.hurry()
	select {
	case err := <-through:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it goes on waiting")
	}
	if !g.later().IsZero() && time.Until(g.later()) > time.Second {
		t.Errorf("and tells a pause until %v", g.later())
	}
}
