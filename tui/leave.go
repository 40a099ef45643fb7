package tui

// Leaving cancels what still runs. A change that the cluster has not accepted
// yet may or may not happen then, and a creation stops half way; so the
// program asks before, and staying is the default. ctrl+c pressed again means
// it.

import (
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
)

// quit ends the program, or asks when something runs.
func (a *App) quit() tea.Cmd {
	body := a.wouldLose()
	if len(body) == 0 {
		return a.leave()
	}
	a.leaving = &dialog.Confirm{
		Title: "leave now?", Verb: "leave", Stay: "stay", Trigger: "q", Body: body, Now: a.now, Opened: a.now(),
		Yes: a.leave,
	}
	a.open(a.leaving)
	return nil
}

// wouldLose says what leaving would cost, in lines; none for nothing.
func (a *App) wouldLose() []string {
	var body []string
	if work := a.underWay(); len(work) > 0 {
		body = append(body, "still running: "+strings.Join(work, ", "), "")
		if a.creating() {
			body = append(body, "leaving cancels it: the workspace stays half made until the same create is run again or it is deleted")
		} else {
			body = append(body, "leaving cancels what the cluster has not accepted yet")
		}
	}
	ends, goesOn := a.openShells()
	if len(ends)+len(goesOn) > 0 && len(body) > 0 {
		body = append(body, "")
	}
	if len(ends) > 0 {
		body = append(body, counted(len(ends), "open shell")+": "+strings.Join(ends, ", "), "leaving ends what runs in "+map[bool]string{true: "it", false: "them"}[len(ends) == 1])
	}
	if len(goesOn) > 0 {
		body = append(body, counted(len(goesOn), "shell")+" that "+map[bool]string{true: "goes", false: "go"}[len(goesOn) == 1]+" on in the workspace: "+strings.Join(goesOn, ", "))
	}
	return body
}

// leave ends the program. What still runs is cancelled.
func (a *App) leave() tea.Cmd {
	a.pane.Stop()
	return tea.Quit
}

// underWay lists what leaving would cancel: "stopping api".
func (a *App) underWay() []string {
	work := slices.Sorted(maps.Values(a.work))
	for _, b := range a.bulk.batches {
		work = append(work, b.verb.ing+" "+counted(b.left, "workspace"))
	}
	if a.creating() {
		work = append(work, "creating "+a.create.Ref().Name)
	}
	return work
}

func (a *App) creating() bool { return a.create != nil && a.create.Running() }

// insists reports whether the question about leaving is on the screen, and has
// been for long enough to have been read.
func (a *App) insists() bool {
	n := len(a.dialogs)
	return n > 0 && a.leaving != nil && a.dialogs[n-1] == dialog.Dialog(a.leaving) && a.now().Sub(a.leaving.Opened) >= dialog.Grace
}

// reassure says in the question that there is nothing to lose any more. The
// question stays: a key meant for it must not reach the list behind.
func (a *App) reassure() {
	if ends, goesOn := a.openShells(); a.leaving != nil && len(a.underWay())+len(ends)+len(goesOn) == 0 {
		a.leaving.Body = []string{"all of it has ended; leaving cancels nothing"}
		a.leaving = nil
	}
}
