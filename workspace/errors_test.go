package workspace_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestKindsAndHintsTravelThroughWrapping(t *testing.T) {
	cause := workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, io.ErrUnexpectedEOF), "inner step")
	err := fmt.Errorf("reading: %w", workspace.WithHint(cause, "outer step"))
	if got, want := err.Error(), "reading: unexpected EOF"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if !errors.Is(err, workspace.ErrUnreachable) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, workspace.ErrNotFound) {
		t.Error("the chain lost its kind or its cause, or found another kind")
	}
	if got, want := workspace.HintOf(err), "outer step\ninner step"; got != want {
		t.Errorf("hint %q, want %q", got, want)
	}
	joined := errors.Join(io.EOF, workspace.WithHint(io.EOF, "in a join"))
	if got := workspace.HintOf(joined); got != "in a join" {
		t.Errorf("hint of a join %q", got)
	}
}

func TestNilStaysNil(t *testing.T) {
	if workspace.WithHint(nil, "x") != nil || workspace.WithKind(workspace.ErrUsage, nil) != nil || workspace.HintOf(nil) != "" {
		t.Error("a nil error became something")
	}
}

func TestAccessErrorNamesEverythingMissing(t *testing.T) {
	err := fmt.Errorf("creating api: %w", &workspace.AccessError{Missing: []workspace.Access{
		{Verb: "create", Resource: "deployments.apps", Namespace: "team-a"}, {Verb: "list", Resource: "nodes"},
	}})
	if got, want := err.Error(), "creating api: no permission to create deployments.apps in namespace team-a, list nodes"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if !errors.Is(err, workspace.ErrForbidden) {
		t.Error("it is not of kind ErrForbidden")
	}
}
