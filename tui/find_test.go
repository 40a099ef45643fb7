package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

func TestFindInTheLogAndOutAgain(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("l", "/")
	d.typing("line 1")
	d.sees("/ line 1", "11/11") // 1 and 10 to 19
	d.keys("enter", "N")
	d.sees("/line 1 10/11", "line 18 of the log")
	d.keys("n", "n", "n")
	d.sees("/line 1 2/11", "api: line 1 of the log")
	d.keys("&")
	d.sees("only matches", "line 19 of the log")
	d.lacks("line 20 of the log")
	d.keys("esc")
	d.lacks("/line 1")
	if !d.app.focusPane {
		t.Fatal("the first esc has left the pane")
	}
	d.keys("esc")
	if d.app.focusPane {
		t.Error("the second esc has not left the pane")
	}
	d.keys("Y", "/")
	d.typing("REPLICAS")
	d.sees("0/0")
	d.keys("esc", "/")
	d.typing("repli")
	d.sees("1/1")
}

// TestLettersOfAFindAreNoActions: d, s and q are letters there.
func TestLettersOfAFindAreNoActions(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("l", "/")
	d.typing("dsq")
	d.sees("/ dsq", "0/0")
	if len(d.app.dialogs) > 0 || len(d.cluster.Calls()) > 0 {
		t.Error("typing has done something")
	}
	d.send(tea.PasteMsg{Content: "line 7"})
	d.sees("/ dsqline 7")
}

func TestTheLogGoesToAFile(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("l", "ctrl+s")
	d.sees("write 40 lines of api's log", "to ./team-a-api-2026030")
	d.keys("enter")
	d.sees("wrote 40 lines to ./team-a-api-")
	var text string
	for _, text = range d.cluster.Written() {
	}
	if lines := strings.Split(strings.TrimSpace(text), "\n"); len(lines) != 40 || !strings.HasPrefix(lines[39], "2026-03-06T14:0") || !strings.HasSuffix(lines[39], "Z api: line 40 of the log") {
		t.Errorf("the file says:\n%s", text)
	}
}

// TestAFileIsNotReplacedUnasked: the question's default keeps it, and the key
// that asked to write does not answer it.
func TestAFileIsNotReplacedUnasked(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	save := func() {
		d.keys("ctrl+s")
		for range 60 {
			d.keys("backspace")
		}
		d.typing("/tmp/x.log")
		d.keys("enter")
	}
	d.keys("l")
	save()
	before := d.cluster.Written()["/tmp/x.log"]
	d.keys("esc", "down", "l")
	save()
	d.sees("replace the file?", "/tmp/x.log is there already")
	d.keys("enter")
	d.sees("replace the file?")
	d.keys("n")
	if d.cluster.Written()["/tmp/x.log"] != before {
		t.Fatal("it was replaced")
	}
	save()
	d.keys("y")
	if after := d.cluster.Written()["/tmp/x.log"]; after == before || !strings.Contains(after, "docs: line") {
		t.Errorf("it was not replaced: %.80s", after)
	}
}

func TestTheLogOfASidecar(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("l", "c")
	d.sees("log of", "workspace", "proxy")
	d.keys("2")
	d.sees("container proxy")
	d.keys("c", "1")
	d.lacks("container proxy")
	d.keys("t")
	d.lacks("14:01:59")
}

// TestTheRunningStageCounts follows a start: the stage that runs counts up, and
// what the list hears has it explained again.
func TestTheRunningStageCounts(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.app.live.Select(func(w workspace.Workspace) bool { return w.Name == "gpu-train" })
	d.change()
	d.cluster.Change(workspace.Key{Cluster: "c1", UID: "u-gpu-train"}, func(w *workspace.Workspace) { w.Restarts = 1 })
	d.keys("w")
	d.change()
	d.sees("✓ scheduled 1s", "◐ image pulled 9s", "· sshd ready")
	d.pass(4 * time.Second)
	d.send(clockMsg{})
	d.sees("◐ image pulled 13s")
	d.cluster.Change(workspace.Key{Cluster: "c1", UID: "u-gpu-train"}, func(w *workspace.Workspace) {
		w.Status = workspace.Status{Phase: workspace.Running, Reason: workspace.ReasonReady, Sentence: "Ready; sshd answers.", Since: tuitest.Epoch()}
	})
	d.change()
	d.pass(2 * time.Second)
	d.send(clockMsg{})
	d.sees("started in 26s", "✓ sshd ready 5s")
}

func TestCommandsOfTheExplanationCanBeCopied(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("down", "down", "down", "down", "y")
	d.sees("check the image name", "kubectl -n team-a describe pod ml-old")
	d.keys("2")
	d.sees("copied 54 B (OSC 52)") // kubectl -n team-a describe pod ml-old-7c66bd8c5f-9l2fd
}
