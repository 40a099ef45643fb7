package cli

// Running a credential plugin aside: the other half of kube/plugin.go. It is a
// process of its own between client-go and the plugin, because client-go gives
// no say in how it starts one.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

const (
	pluginCommand = "run-plugin"
	pluginLimit   = 30 * time.Second
	pluginLook    = 200 * time.Millisecond // how often the parent is looked for
	pluginTalk    = 4 << 10                // bytes kept of what a plugin says
	pluginAnswer  = 1 << 20                // bytes of credentials at most
)

// newRunPlugin is not for people.
func newRunPlugin(a *app) *cobra.Command {
	var report string
	limit := pluginLimit
	cmd := &cobra.Command{
		Use: pluginCommand + " COMMAND [ARG]...", Hidden: true, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := pluginRun{report: report, limit: limit, parent: os.Getppid}
			return &exitError{code: r.run(cmd.Context(), args, a.out)}
		},
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&report, "report", "", "file for what the plugin says")
	cmd.Flags().Var(patience{&limit}, "limit", "how long it may take")
	return cmd
}

// aside is how the program has plugins run.
func (a *app) aside() kube.Aside {
	report := a.env.pluginReport()
	if err := os.MkdirAll(filepath.Dir(report), 0o700); err != nil {
		a.logger().Warn("no reports of credential plugins", "error", err)
	}
	return kube.Aside{Runner: []string{a.env.executable, pluginCommand, "--report", report, "--"}, Report: report}
}

// pluginRun is one run of a plugin.
type pluginRun struct {
	report string
	limit  time.Duration
	parent func() int
}

// run runs a plugin without a terminal and passes its answer on when it ended
// well. It returns the exit code.
func (r pluginRun) run(ctx context.Context, argv []string, out io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var answer answerBuffer
	said := &lastWords{write: func(text []byte) { r.tell(kube.ReportRunning, text) }}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it is ended with all that it started, not alone
	cmd.Stdout, cmd.Stderr = &answer, said
	cmd.SysProcAttr = noTerminal()
	cmd.WaitDelay = time.Second // something it started may hold its output
	r.tell(kube.ReportRunning, nil)
	if err := cmd.Start(); err != nil {
		word := kube.ReportFailed
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			word = kube.ReportMissing
		}
		r.tell(word, []byte(err.Error()))
		return exitFailure
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err, late := r.await(ctx, ended, cmd)
	switch {
	case late:
		r.tell(kube.ReportLate, said.bytes())
		return exitUnreachable
	case err != nil:
		r.tell(kube.ReportFailed, append(said.bytes(), "\n"+lastOr(said.bytes(), err)...))
		return exitFailure
	}
	if _, err := out.Write(answer.text.Bytes()); err != nil {
		return exitFailure
	}
	_ = os.Remove(r.report) // nothing is left to tell
	return exitOK
}

// lastOr is err where the plugin has said nothing.
func lastOr(said []byte, err error) string {
	if len(bytes.TrimSpace(said)) > 0 {
		return ""
	}
	return err.Error()
}

// await waits for the plugin's end, and ends it at its limit and when whoever
// wanted it has gone.
func (r pluginRun) await(ctx context.Context, ended <-chan error, cmd *exec.Cmd) (failed error, late bool) {
	parent := r.parent()
	look := time.NewTicker(pluginLook)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return err, false
		case <-look.C:
			if r.parent() == parent {
				continue
			}
		case <-ctx.Done():
		}
		killAll(cmd.Process)
		return <-ended, true
	}
}

// tell leaves a report, readable by its owner alone. A report that cannot be
// written must not keep anybody from logging in.
func (r pluginRun) tell(word string, said []byte) {
	if r.report == "" {
		return
	}
	text := fmt.Appendf(nil, "%s\n%s", word, workspace.SafeText(string(said)))
	temp := fmt.Sprintf("%s.%d", r.report, os.Getpid())
	if os.WriteFile(temp, text, 0o600) != nil || os.Rename(temp, r.report) != nil {
		_ = os.Remove(temp)
	}
}

// answerBuffer keeps an answer up to a limit. The buffer is no part of its type:
// io.Copy would go round Write.
type answerBuffer struct{ text bytes.Buffer }

func (b *answerBuffer) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > pluginAnswer {
		return 0, fmt.Errorf("more than %d bytes of credentials", pluginAnswer)
	}
	return b.text.Write(p)
}

// lastWords keeps the end of what a plugin says, and passes it on now and then.
type lastWords struct {
	write func(text []byte)

	mu   sync.Mutex // guards what follows
	text []byte
	told time.Time
}

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-pluginTalk):]
	if now := time.Now(); now.Sub(l.told) > pluginLook {
		l.told = now
		l.write(l.text)
	}
	return len(p), nil
}

func (l *lastWords) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text)
}
