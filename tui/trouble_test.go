package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// door is a Login that counts who knocks.
type door struct {
	knocked int
	err     error
}

func (d *door) Login(context.Context) (ExecCommand, error) {
	d.knocked++
	return nopCommand{}, d.err
}

type nopCommand struct{}

func (nopCommand) Run() error          { return nil }
func (nopCommand) SetStdin(io.Reader)  {}
func (nopCommand) SetStdout(io.Writer) {}
func (nopCommand) SetStderr(io.Writer) {}

// away is the demonstration while its cluster does not answer.
func away(change func(*workspace.Snapshot)) workspace.Snapshot {
	s := demoSnapshot()
	s.StaleSince = tuitest.Epoch().Add(-20 * time.Second)
	s.Problem, s.Hint = "the cluster is busy and asks to wait 8 s", "try again in a moment"
	if change != nil {
		change(&s)
	}
	return s
}

func TestTroubleSaysWhatHappensNext(t *testing.T) {
	retry := func(s *workspace.Snapshot) { s.Retry = tuitest.Epoch().Add(8 * time.Second) }
	login := func(s *workspace.Snapshot) {
		s.Problem, s.Hint, s.Login = "credential plugin aws failed: the SSO session has expired", "login needed: run kubectl get namespaces", true
	}
	for _, c := range []struct {
		name   string
		snap   workspace.Snapshot
		w      int
		change func(*Config)
		want   []string
		no     string
	}{
		{"asked to wait", away(retry), 120, nil, []string{"✕ the cluster is busy and asks to wait 8 s · retrying in 8 s; showing data from ", "  try again in a moment", "● running"}, ""},
		{"on a small screen", away(retry), 60, nil, []string{"✕ the cluster is busy and asks to wait", "… · retrying in 8 s"}, "showing data"},
		{"at once", away(nil), 120, nil, []string{" · retrying; showing data from "}, "retrying in"},
		{"a login is wanted", away(login), 120, func(c *Config) { c.Login = &door{} }, []string{"the SSO session has expired", "L logs in · retrying"}, "kubectl get namespaces"},
		{"a login on a small screen", away(login), 60, func(c *Config) { c.Login = &door{} }, []string{"✕ credential plugin aws failed: ", " · L logs in · retrying"}, "showing data"},
		{"a login that is not offered", away(login), 160, nil, []string{"login needed: run kubectl get namespaces"}, "L logs in"},
		{"from the start", workspace.Snapshot{Context: "prod", Problem: "API server 127.0.0.1:6443 refuses connections", Retry: tuitest.Epoch().Add(4 * time.Second)}, 100, nil, []string{"refuses connections · retrying in 4 s"}, "showing data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := drive(t, c.snap, c.change)
			d.size(c.w, 30)
			d.sees(c.want...)
			if c.no != "" {
				d.lacks(c.no)
			}
		})
	}
}

// TestAllOfTheTroubleCanBeRead: the strip cuts it, the error log and an empty
// list do not.
func TestAllOfTheTroubleCanBeRead(t *testing.T) {
	long := "credential plugin aws failed: " + strings.Repeat("the session has expired, ", 8) + "and this is the end"
	d := drive(t, away(func(s *workspace.Snapshot) { s.Problem = long }), nil)
	d.lacks("this is the end")
	d.keys("E")
	d.sees("this is the end")
	d = drive(t, workspace.Snapshot{Context: "prod", Problem: long, Login: true}, func(c *Config) { c.Login = &door{} })
	d.sees("this is the end", "L  log in")
}

func TestTheWaitCountsDown(t *testing.T) {
	d := drive(t, away(func(s *workspace.Snapshot) { s.Retry = tuitest.Epoch().Add(8 * time.Second) }), nil)
	d.pass(5 * time.Second)
	d.app.frame.dirty = true
	d.sees("retrying in 3 s")
	d.pass(5 * time.Second)
	d.app.frame.dirty = true
	d.sees("· retrying;")
}

func TestLoggingIn(t *testing.T) {
	b := &door{}
	d := drive(t, demoSnapshot(), func(c *Config) { c.Login = b })
	d.keys("L")
	d.sees("the cluster does not ask for it")
	wants := away(func(s *workspace.Snapshot) { s.Login = true })
	d = drive(t, wants, func(c *Config) { c.Login = b })
	d.keys("L")
	if b.knocked != 1 {
		t.Fatalf("knocked %d times", b.knocked)
	}
	b.err = workspace.WithHint(errors.New("the kubeconfig names no program that logs in"), "fetch it again")
	d.keys("L")
	d.sees("the kubeconfig names no program that logs in")
	d.keys("E")
	if text := d.text(); !strings.Contains(text, "hint: fetch it again") {
		t.Errorf("no hint:\n%s", text)
	}
}
