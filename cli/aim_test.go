package cli

import (
	"errors"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestHintsReachTheClusterThatWasChosen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flags globalFlags
		want  string
	}{
		"default":    {globalFlags{}, "start it with: berth start api, or see berth sandbox up"},
		"sandbox":    {globalFlags{sandbox: true}, "start it with: berth --sandbox start api, or see berth sandbox up"},
		"context":    {globalFlags{context: "a b"}, "start it with: berth --context 'a b' start api, or see berth sandbox up"},
		"kubeconfig": {globalFlags{kubeconfig: "/tmp/k", context: "c"}, "start it with: berth --kubeconfig /tmp/k --context c start api, or see berth sandbox up"},
	} {
		a := &app{flags: test.flags}
		err := a.aim(workspace.WithHint(workspace.WithKind(workspace.ErrConflict, errors.New("api is stopped")), "start it with: berth start api, or see berth sandbox up"))
		if got := hints(err); got != test.want {
			t.Errorf("%s: hint %q, want %q", name, got, test.want)
		}
		if !errors.Is(err, workspace.ErrConflict) {
			t.Errorf("%s: the kind is lost", name)
		}
	}
}
