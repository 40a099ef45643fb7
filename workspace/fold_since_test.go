package workspace_test

import (
	"testing"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// A crash loop has lasted since the pod was last ready: every crash is a part
// of it, not a new beginning.
func TestACrashLoopLastsSinceThePodWasReady(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]workspace.ContainerState{
		"crash":  {Reason: "Error", ExitCode: 1},
		"memory": {Reason: "OOMKilled", ExitCode: 137},
	} {
		o := up(pod(backOff(4, last), func(p *workspace.Pod) {
			p.Conditions = append(p.Conditions, workspace.Condition{Type: "Ready", Since: ago(7 * time.Minute)})
		}))
		if got := workspace.Fold(o).Since; !got.Equal(ago(7 * time.Minute)) {
			t.Errorf("%s: since %v, want %v", name, got, ago(7*time.Minute))
		}
	}
}
