package workspace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// foldCase is one observation and what is said about it.
type foldCase struct {
	name     string
	o        workspace.Observed
	phase    workspace.Phase
	reason   workspace.Reason
	sentence string   // exactly
	brief    string   // exactly, when set
	evidence string   // part of some evidence, when set
	next     string   // part of some next step, when set
	notSaid  []string // must not be in the sentence
}

func foldCases() []foldCase {
	return slices.Concat(endCases(), readyCases(), routeCases(), addressCases(), startCases(), imageCases(), containerCases(), admissionCases(), volumeCases(), scheduleCases(), deniedCases())
}

func TestFold(t *testing.T) {
	for _, c := range foldCases() {
		t.Run(c.name, func(t *testing.T) {
			s := workspace.Fold(c.o)
			if s.Phase != c.phase || s.Reason != c.reason {
				t.Fatalf("got %s/%s (%s), want %s/%s", s.Phase, s.Reason, s.Sentence, c.phase, c.reason)
			}
			if diff := cmp.Diff(c.sentence, s.Sentence); diff != "" {
				t.Errorf("sentence (-want +got):\n%s", diff)
			}
			if c.brief != "" && s.Brief != c.brief {
				t.Errorf("brief %q, want %q", s.Brief, c.brief)
			}
			for _, no := range c.notSaid {
				if strings.Contains(s.Sentence, no) {
					t.Errorf("the sentence says %q: %s", no, s.Sentence)
				}
			}
			checkContains(t, "evidence", c.evidence, evidenceText(s))
			checkContains(t, "next steps", c.next, nextText(s))
			checkForm(t, s)
		})
	}
}

func checkContains(t *testing.T, what, want, text string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%s lack %q:\n%s", what, want, text)
	}
}

// checkForm holds what is true of every status.
func checkForm(t *testing.T, s workspace.Status) {
	t.Helper()
	if !strings.HasSuffix(s.Sentence, ".") || strings.HasSuffix(s.Sentence, "..") {
		t.Errorf("sentence does not end in one full stop: %q", s.Sentence)
	}
	if s.Brief == "" || s.Brief != strings.ToLower(s.Brief) || utf8.RuneCountInString(s.Brief) > 28 {
		t.Errorf("brief %q is not a few lower-case words", s.Brief)
	}
	if !s.Healthy() && (len(s.Next) == 0 || len(s.Evidence) == 0) {
		t.Errorf("a failure without evidence or next step: %+v", s)
	}
	for _, e := range s.Evidence {
		if e.Object == "" || strings.HasSuffix(e.Object, "/") {
			t.Errorf("evidence without object: %+v", e)
		}
	}
}

func evidenceText(s workspace.Status) string {
	var b strings.Builder
	for _, e := range s.Evidence {
		b.WriteString(e.Object + ": " + e.Says + "\n  " + e.Command + "\n")
	}
	return b.String()
}

func nextText(s workspace.Status) string {
	var b strings.Builder
	for _, n := range s.Next {
		b.WriteString(n.Text + "\n  " + n.Command + "\n")
	}
	return b.String()
}

// TestFoldCoversEveryReason reads the closed list from its source, so that a
// new reason without a case fails here.
func TestFoldCoversEveryReason(t *testing.T) {
	covered := map[workspace.Reason]bool{}
	for _, c := range foldCases() {
		covered[c.reason] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "status.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !isIdent(spec.Type, "Reason") {
			return true
		}
		for i, name := range spec.Names {
			value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if !covered[workspace.Reason(value)] {
				t.Errorf("%s (%s) has no case", name.Name, value)
			}
		}
		return true
	})
	if found < 30 {
		t.Fatalf("only %d reasons found in status.go", found)
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func TestFoldIsPure(t *testing.T) {
	for _, c := range foldCases() {
		if diff := cmp.Diff(workspace.Fold(c.o), workspace.Fold(c.o)); diff != "" {
			t.Errorf("%s: two folds differ:\n%s", c.name, diff)
		}
	}
}

func TestFoldStandsStillWhileStale(t *testing.T) {
	o := up(pod(running(), started(time.Minute)))
	o.Now = now.Add(time.Hour)
	if s := workspace.Fold(o); s.Reason != workspace.ReasonNotReady {
		t.Fatalf("an hour later: %s, want the readiness failure", s.Reason)
	}
	o.StaleSince = now
	if s := workspace.Fold(o); s.Reason != workspace.ReasonWaitingForSSH {
		t.Errorf("stale for an hour: %s, want what was known then", s.Reason)
	}
}

// FuzzFold feeds garbage wherever the cluster can say something.
func FuzzFold(f *testing.F) {
	for _, c := range foldCases() {
		for _, p := range c.o.Pods {
			for _, k := range p.Containers {
				f.Add(k.State.Reason, k.State.Message)
			}
			for _, k := range p.Conditions {
				f.Add(k.Reason, k.Message)
			}
		}
		for _, rs := range c.o.ReplicaSets {
			for _, k := range rs.Conditions {
				f.Add(k.Reason, k.Message)
			}
		}
		for _, e := range c.o.Events {
			f.Add(e.Reason, e.Message)
		}
	}
	f.Add("Unschedulable", "0/99999999999999999999999 nodes are available: 7 (((}},,,{")
	f.Fuzz(func(t *testing.T, reason, message string) {
		reason, message = workspace.Safe(reason), workspace.Safe(message)
		for _, o := range garbage(reason, message) {
			s := workspace.Fold(o)
			if s.Phase == "" || s.Reason == "" || s.Sentence == "" || s.Brief == "" {
				t.Errorf("nothing said: %+v", s)
			}
			if s.Sentence != workspace.Safe(s.Sentence) {
				t.Errorf("sentence is not safe: %q", s.Sentence)
			}
		}
	})
}

// garbage puts one reason and message everywhere.
func garbage(reason, message string) []workspace.Observed {
	condition := workspace.Condition{Type: "ReplicaFailure", True: true, Reason: reason, Message: message}
	refused := up()
	refused.ReplicaSets = []workspace.ReplicaSet{{Name: "api-1", Conditions: []workspace.Condition{condition}}}
	pending := up(pod(unscheduled(message)))
	claim := up(pod(unscheduled(message)))
	claim.Claim.Phase = "Pending"
	claim.Events = []workspace.Event{{Object: "PersistentVolumeClaim/api-home", Reason: "ProvisioningFailed", Message: message}}
	balancer := with(up(pod(ready())), pendingFor(time.Hour))
	balancer.Events = []workspace.Event{{Type: "Warning", Object: "Service/api-lb", Reason: reason, Message: message, Time: now}}
	mount := up(pod(creating()))
	mount.Events = []workspace.Event{{Object: podObject, Reason: "FailedMount", Message: message, Time: now}}
	return []workspace.Observed{
		refused, pending, claim, balancer, mount,
		up(pod(waiting(reason, message))),
		up(pod(ended(workspace.ContainerState{Kind: "terminated", Reason: reason, Message: message, ExitCode: 1}))),
	}
}
