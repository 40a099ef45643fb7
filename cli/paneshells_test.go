//go:build unix

package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// far is a workspace that is this machine's OpenSSH, behind a gateway that can
// cut every connection.
type far struct {
	t       testing.TB
	server  *sshtest.Server
	gateway *sshtest.Gateway
	panes   *paneShells
}

func startFar(t testing.TB, extra ...string) *far {
	t.Helper()
	server := sshtest.Start(t, extra...)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		if to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", server.Addr); err == nil {
			sshtest.Join(conn, to)
		}
	})
	f := &far{t: t, server: server, gateway: gateway}
	f.panes = f.program()
	return f
}

// program is the part of the program that opens shells. A second one is the
// program started again.
func (f *far) program() *paneShells {
	panes := &paneShells{marker: f.server.Dir, home: "/home/me", persist: true, names: map[shellID]string{}}
	panes.lanes = newLanes(func(context.Context, workspace.Workspace, func(error)) (tunnel.Config, error) {
		return tunnel.Config{
			Dial: tunnel.ForAlias(alias.File{Transport: alias.Direct, Address: f.gateway.Addr}, nil, nil),
			User: f.server.User, HostKey: f.server.HostKey, Keys: tunnel.Keys{Files: []string{f.server.KeyFile}},
			KeepAlive: tunnel.KeepAlive{Patience: time.Second},
		}, nil
	})
	f.t.Cleanup(panes.wait)
	return panes
}

// paneTab is one shell and what it has said.
type paneTab struct {
	*term.Session
	t     testing.TB
	heard []string
}

func (f *far) open(panes *paneShells, number int) *paneTab {
	f.t.Helper()
	w := workspace.Workspace{Cluster: "c", UID: "u", Ref: workspace.Ref{Namespace: "n", Name: "api"}}
	s := term.NewSession(term.Options{Rows: 24, Cols: 80, Open: func(ctx context.Context, start term.Start) (term.Shell, error) {
		return panes.OpenShell(ctx, w, number, start)
	}})
	f.t.Cleanup(func() {
		s.Close()
		<-s.Done()
	})
	tab := &paneTab{Session: s, t: f.t}
	tab.until("the shell", func() bool { return s.Status().Phase == term.Live })
	return tab
}

func (p *paneTab) until(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(screenTimeout); !ok(); {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited for %s in vain: %+v %q\n%s", what, p.Status(), p.heard, strings.Join(p.Frame().Lines, "\n"))
		}
		select {
		case <-p.Changed():
		case <-time.After(20 * time.Millisecond):
		}
		for _, e := range p.Events() {
			p.heard = append(p.heard, e.Text)
		}
	}
}

func (p *paneTab) sees(text string) {
	p.t.Helper()
	p.until(text, func() bool { return strings.Contains(term.Plain(strings.Join(p.Frame().Lines, "\n")), text) })
}

func (p *paneTab) run(line string) {
	p.t.Helper()
	for _, r := range line {
		p.Press(uv.Key{Code: r, Text: string(r)})
	}
	p.Press(uv.Key{Code: uv.KeyEnter})
}

// sessions lists tmux's.
func (f *far) sessions() []string {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "tmux", "-L", "berth", "list-sessions", "-F", "#{session_name} #{session_attached}")
	cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+f.server.Dir)
	out, _ := cmd.Output() // no server has no sessions
	return strings.Fields(string(out))
}

func TestAShellOutlivesItsConnection(t *testing.T) {
	needProgram(t, "tmux")
	f := startFar(t)
	tab := f.open(f.panes, 1)
	tab.run("kept=something; echo a-$((1+1))")
	tab.sees("a-2")
	tab.run("echo $TERM-; [ -z \"$TMUX\" ] && echo no-tmux-$((2+2))")
	tab.sees("no-tmux-4")
	f.gateway.CloseAll()
	tab.until("the shell to come back", func() bool { return len(tab.heard) == 0 && f.gateway.Count() == 2 && tab.Status().Phase == term.Live })
	tab.run("echo again-$kept")
	tab.sees("again-something")
	if !tab.Status().GoesOn {
		t.Error("it does not say that it goes on")
	}

	// The program is left and started again.
	tab.Leave()
	<-tab.Done()
	again := f.open(f.program(), 1)
	again.until("a word about it", func() bool { return len(again.heard) > 0 })
	if diff := cmp.Diff([]string{"a shell that was left before goes on"}, again.heard); diff != "" {
		t.Error(diff)
	}
	again.run("echo later-$kept")
	again.sees("later-something")

	// Another one beside it is another one.
	second := f.open(f.panes, 1)
	second.run("echo second-$kept.")
	second.sees("second-.")

	// Closed it ends.
	second.Close()
	again.Close()
	<-again.Done()
	<-second.Done()
	f.panes.wait()
	again.until("the sessions to end", func() bool { return len(f.sessions()) == 0 })
}

func TestAShellOutlivesItsConnectionWithDtach(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"dtach", "sh", "bash", "id", "mkdir", "cat", "rm", "kill"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal("this needs", name, err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := startFar(t, "SetEnv PATH="+bin) // where there is no tmux
	tab := f.open(f.panes, 1)
	tab.run("kept=something; echo a-$((1+1))")
	tab.sees("a-2")
	f.gateway.CloseAll()
	tab.until("the shell to come back", func() bool { return f.gateway.Count() == 2 && tab.Status().Phase == term.Live })
	file := filepath.Join(f.server.Dir, "shell.pid")
	tab.run("echo $$ >" + file + "; echo again-$kept")
	tab.sees("again-something")
	pid := strings.TrimSpace(readFile(t, file))
	tab.Close()
	<-tab.Done()
	tab.until("the shell to end", func() bool {
		_, err := os.Stat("/proc/" + pid)
		return err != nil
	})
}

func TestAShellThatEndedMeanwhileIsNotPretended(t *testing.T) {
	needProgram(t, "tmux")
	f := startFar(t)
	tab := f.open(f.panes, 1)
	tab.run("echo a-$((1+1))")
	tab.sees("a-2")
	cmd := exec.CommandContext(t.Context(), "tmux", "-L", "berth", "kill-server")
	cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+f.server.Dir)
	f.gateway.CloseAll()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tab.until("a word about it", func() bool { return len(tab.heard) > 0 })
	if !strings.Contains(tab.heard[0], "has ended meanwhile") {
		t.Errorf("%q", tab.heard)
	}
}

// TestAKeptShellFindsAnotherWay has a connection fall silent while new ones
// would answer, as after an outage on systems that wait for long.
func TestAKeptShellFindsAnotherWay(t *testing.T) {
	needProgram(t, "tmux")
	f := startFar(t)
	var silent atomic.Bool
	f.gateway = sshtest.Listen(t, nil, func(conn net.Conn) {
		to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", f.server.Addr)
		if err != nil {
			return
		}
		if silent.Load() {
			sshtest.Join(conn, to)
			return
		}
		sshtest.Join(&mutable{Conn: conn, silent: &silent}, to)
	})
	kept := f.open(f.panes, 1)
	kept.run("kept=something; echo a-$((1+1))")
	kept.sees("a-2")
	silent.Store(true)
	kept.run("echo lost-in-the-silence")
	kept.until("another connection", func() bool {
		return f.gateway.Count() >= 3 && kept.Status().Phase == term.Live && !kept.Status().Stalled
	})
	kept.run("echo again-$kept")
	kept.sees("again-something")
}

// mutable is a connection that passes nothing on while it is silent.
type mutable struct {
	net.Conn
	silent *atomic.Bool
}

func (m *mutable) Read(b []byte) (int, error) {
	for {
		n, err := m.Conn.Read(b)
		if err != nil || !m.silent.Load() {
			return n, err
		}
	}
}

func TestShellsShareAConnection(t *testing.T) {
	f := startFar(t)
	f.panes.persist = false
	first, second := f.open(f.panes, 1), f.open(f.panes, 2)
	for i, tab := range []*paneTab{first, second} {
		tab.run(fmt.Sprintf("echo tab-$((%d+1)) $COLORTERM $TERM $TERM_PROGRAM", i))
		tab.sees(fmt.Sprintf("tab-%d truecolor xterm-256color", i+1))
	}
	if n := f.gateway.Count(); n != 1 {
		t.Errorf("%d connections", n)
	}
	first.run("exit 3")
	first.until("its end", func() bool { return first.Status().Phase == term.Ended })
	if code := first.Status().Code; code != 3 {
		t.Errorf("exit code %d", code)
	}
	second.run("kill -9 $$")
	second.until("its end", func() bool { return second.Status().Phase == term.Ended })
	if code := second.Status().Code; code != 137 {
		t.Errorf("exit code %d", code)
	}
	f.panes.wait() // the connection is closed with its last shell
}

func TestAWrongHostKeyIsNotTriedAgain(t *testing.T) {
	f := startFar(t)
	other := sshtest.Start(t)
	f.server.HostKey = other.HostKey
	w := workspace.Workspace{UID: "u"}
	_, err := f.panes.OpenShell(t.Context(), w, 1, term.Start{Rows: 24, Cols: 80, Stalled: func(bool) {}, Tell: func(string) {}})
	if err == nil || !strings.Contains(err.Error(), "wrong host key") {
		t.Fatal(err)
	}
	s := term.NewSession(term.Options{Open: func(ctx context.Context, start term.Start) (term.Shell, error) {
		return f.panes.OpenShell(ctx, w, 1, start)
	}})
	defer func() { s.Close(); <-s.Done() }()
	tab := &paneTab{Session: s, t: t}
	tab.until("the refusal", func() bool { return s.Status().Phase == term.Failed })
}

func TestDialsAreFew(t *testing.T) {
	f := startFar(t)
	l := f.panes.lanes
	begun := time.Now()
	for range 4 {
		if err := l.dials.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took < 900*time.Millisecond {
		t.Errorf("four dials took %s, which is more than two a second", took)
	}
}

func TestKeepers(t *testing.T) {
	k := readKeeper("tmux\nberth-aa-1 1\nberth-aa-2 0\nother 0\n")
	if k.tool != "tmux" {
		t.Error(k.tool)
	}
	for _, test := range []struct {
		ours  []string
		name  string
		found bool
	}{
		{nil, "berth-aa-2", true}, // the first has somebody attached
		{[]string{"berth-aa-2"}, "berth-aa-3", false},
	} {
		if name, found := k.session("aa", test.ours); name != test.name || found != test.found {
			t.Errorf("%v: %s, %v", test.ours, name, found)
		}
	}
	for text, tool := range map[string]string{"": "", "dtach\n": "dtach", "rm -rf /\n": "", "tmux": "tmux"} {
		if got := readKeeper(text); got.tool != tool {
			t.Errorf("%q is %q", text, got.tool)
		}
	}
}

func TestShellSettings(t *testing.T) {
	for name, test := range map[string]struct {
		config shellConfig
		says   string
	}{
		"none":        {shellConfig{}, ""},
		"all":         {shellConfig{Prefix: "ctrl+a", Persist: "off", History: 5000}, ""},
		"a function":  {shellConfig{Prefix: "f12"}, ""},
		"a letter":    {shellConfig{Prefix: "a"}, "no key such as"},
		"enter":       {shellConfig{Prefix: "ctrl+m"}, "no key such as"},
		"interrupt":   {shellConfig{Prefix: "ctrl+c"}, "no key such as"},
		"f99":         {shellConfig{Prefix: "f99"}, "no key such as"},
		"persistence": {shellConfig{Persist: "yes"}, "not auto or off"},
		"history":     {shellConfig{History: -1}, "not between"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.config.check()
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Error(err)
			}
		})
	}
}
