package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// TestMain runs the program itself, in place of the tests, when asked to: that
// is what the terminal tests start, and a way to look at it:
//
//	go test -c -o /tmp/look ./tui && BERTH_TUI_LOOK=demo /tmp/look
func TestMain(m *testing.M) {
	if mode := os.Getenv("BERTH_TUI_LOOK"); mode != "" {
		if err := look(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("left")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func look(mode string) error {
	cfg, cluster := demoConfig()
	cluster.Slow = time.Second
	cluster.Now, cfg.Now = time.Now, time.Now
	start := time.Now()
	cfg.Now = func() time.Time { return tuitest.Epoch().Add(time.Since(start)) }
	cluster.Now = cfg.Now
	switch mode {
	case "silent":
		cluster.Set(workspace.Snapshot{Context: "prod"})
	case "running", "panic", "panic-command", "panic-shell", "killed":
		cluster.Set(tuitest.Many(3))
	case "unreachable":
		cluster.Set(unreachable())
	}
	if mode == "shells" || mode == "panic-shell" {
		cfg.Shells = localShells()
	}
	if mode == "killed" {
		cfg.Sessions = mortals{}
	}
	a, err := New(cfg)
	if err != nil {
		return err
	}
	var model tea.Model = a
	switch mode {
	case "panic":
		return a.runModel(context.Background(), bomb{model, "x", func() tea.Cmd { panic("in the loop") }}, Options{})
	case "panic-shell":
		return a.runModel(context.Background(), bomb{model, "ctrl+g", func() tea.Cmd { panic("over a shell") }}, Options{})
	case "panic-command":
		return a.runModel(context.Background(), bomb{model, "x", func() tea.Cmd { return func() tea.Msg { panic("in a command") } }}, Options{})
	}
	return a.Run(context.Background(), Options{})
}

// bomb goes off at a key.
type bomb struct {
	tea.Model
	key string
	off func() tea.Cmd
}

func (b bomb) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok && k.String() == b.key {
		return b, b.off()
	}
	_, cmd := b.Model.Update(msg)
	return b, cmd
}

func demoConfig() (Config, *tuitest.Cluster) {
	cluster := tuitest.New(tuitest.Demo())
	return Config{
		Source: cluster, Scope: cluster, Actions: cluster, Reader: cluster, Sessions: sessions{}, Now: tuitest.Epoch,
	}, cluster
}

func unreachable() workspace.Snapshot {
	return workspace.Snapshot{
		Context: "prod", Namespace: "team-a",
		Problem: "prod does not answer: dial tcp 10.0.0.1:6443: connection refused", Hint: "check VPN and kubeconfig",
	}
}

// sessions hands over to a command that only says hello.
type sessions struct{}

func (sessions) Shell(_ context.Context, w workspace.Workspace) (ExecCommand, error) {
	if w.Name == "weird" {
		return nil, workspace.WithHint(errors.New("route does not answer"), "try berth why weird")
	}
	return &hello{name: w.Name}, nil
}

func (sessions) Editors(workspace.Workspace) []string { return []string{"VS Code", "Neovim"} }

func (sessions) Open(context.Context, workspace.Workspace, OpenRequest) (OpenResult, error) {
	return OpenResult{Message: "opened"}, nil
}

type hello struct {
	name string
	in   io.Reader
	out  io.Writer
}

func (h *hello) SetStdin(r io.Reader)  { h.in = r }
func (h *hello) SetStdout(w io.Writer) { h.out = w }
func (h *hello) SetStderr(io.Writer)   {}

func (h *hello) Run() error {
	_, err := fmt.Fprintf(h.out, "shell of %s\r\n", h.name)
	return err
}

// mortals are sessions that are killed in the middle of their work.
type mortals struct{ sessions }

func (mortals) Shell(ctx context.Context, _ workspace.Workspace) (ExecCommand, error) {
	const work = `stty raw -echo; printf '\033[?1049h\033[?1003h\033[?1004h\033[?2004h\033[?25l\033[?1h'; kill -9 $$`
	return &mortal{exec.CommandContext(ctx, "sh", "-c", work)}, nil
}

type mortal struct{ *exec.Cmd }

func (m *mortal) SetStdin(r io.Reader)  { m.Stdin = r }
func (m *mortal) SetStdout(w io.Writer) { m.Stdout = w }
func (m *mortal) SetStderr(w io.Writer) { m.Stderr = w }
