package workspace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// normal is an event that is no warning, seen first and last a while ago.
func normal(reason, message string, d time.Duration) workspace.Event {
	return workspace.Event{Object: podObject, Reason: reason, Message: message, Time: ago(d), First: ago(d), Type: "Normal", Count: 1}
}

func condition(kind string, is bool, d time.Duration) func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		p.Conditions = append(p.Conditions, workspace.Condition{Type: kind, True: is, Since: ago(d)})
	}
}

// line writes stages in one line: "scheduled 1s done".
func line(o workspace.Observed) string {
	var parts []string
	for _, s := range workspace.Explain(o).Start {
		took := "?"
		if d, ok := s.Took(o.Now); ok {
			took = d.String()
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", s.Name, took, s.State))
	}
	return strings.Join(parts, " · ")
}

func TestStages(t *testing.T) {
	scheduled := func(p *workspace.Pod) { p.Conditions[0].Since = ago(29 * time.Second) }
	mounted := condition("PodReadyToStartContainers", true, 27*time.Second)
	pulled := []workspace.Event{
		normal("Pulling", `Pulling image "acme/ml:latst"`, 26*time.Second),
		normal("Pulled", `Successfully pulled image "acme/ml:latst" in 16s`, 10*time.Second),
	}
	runs := state(workspace.ContainerState{Kind: "running", Since: ago(9 * time.Second)})
	isReady := func(p *workspace.Pod) {
		p.Phase = "Running"
		p.Conditions = append(p.Conditions, workspace.Condition{Type: "Ready", True: true, Since: ago(4 * time.Second)})
	}
	for _, c := range []struct {
		name, want string
		o          workspace.Observed
	}{
		{
			"nothing yet", "scheduled 30s running · volume ready ? waiting · image pulled ? waiting · container started ? waiting · sshd ready ? waiting",
			up(pod(func(p *workspace.Pod) { p.Node, p.Conditions = "", nil })),
		},
		{
			"no node takes it", "scheduled 30s failed · volume ready ? waiting · image pulled ? waiting · container started ? waiting · sshd ready ? waiting",
			up(pod(unscheduled("0/1 nodes are available: 1 Insufficient cpu."))),
		},
		{
			"the image comes", "scheduled 1s done · volume ready 2s done · image pulled 27s running · container started ? waiting · sshd ready ? waiting",
			with(up(pod(creating(), scheduled, mounted)), events(pulled[0])),
		},
		{
			"the image does not come", "scheduled 1s done · volume ready 2s done · image pulled 27s failed · container started ? waiting · sshd ready ? waiting",
			up(pod(waiting("ErrImagePull", "not found"), scheduled, mounted)),
		},
		{
			"a whole start", "scheduled 1s done · volume ready 2s done · image pulled 17s done · container started 1s done · sshd ready 5s done",
			with(up(pod(runs, scheduled, mounted, isReady)), events(pulled[1], pulled[0])),
		},
		{
			"a whole start whose events are forgotten", "scheduled 1s done · volume ready 2s done · image pulled ? done · container started 18s done · sshd ready 5s done",
			up(pod(runs, scheduled, mounted, isReady)),
		},
		{
			"a crash loop", "scheduled 0s done · volume ready ? done · image pulled ? done · container started ? done · sshd ready 30s failed",
			up(pod(backOff(3, workspace.ContainerState{Reason: "Error", ExitCode: 1}))),
		},
		{"none asked for", "", down()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, line(c.o)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	whole := workspace.Explain(with(up(pod(runs, scheduled, mounted, isReady)), events(pulled...)))
	if took, ok := workspace.StartTook(whole.Start); !ok || took != 26*time.Second {
		t.Errorf("the start took %s, %t; want 26s", took, ok)
	}
	if got := whole.Start[2].Detail; got != "acme/ml:latst" {
		t.Errorf("the image's stage tells %q", got)
	}
}

// TestAReadinessThatCameBackIsNoStart: the condition tells only its last change.
func TestAReadinessThatCameBackIsNoStart(t *testing.T) {
	o := up(pod(state(workspace.ContainerState{Kind: "running", Since: ago(50 * time.Hour)}), condition("Ready", true, time.Minute)))
	if _, ok := workspace.StartTook(workspace.Explain(o).Start); ok {
		t.Error("two days are told as the time of a start")
	}
}
