package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// doctorTimeout bounds one check: long enough for a slow network, and no more
// than a person waits.
const doctorTimeout = 20 * time.Second

// doctorOptions are the arguments of `berth doctor`.
type doctorOptions struct {
	name   string // "" examines the cluster and this machine alone
	format format
	bundle string
}

func newDoctor(a *app) *cobra.Command { return newDoctorCommand(a, a.runDoctor) }

func newDoctorCommand(a *app, runF func(context.Context, doctorOptions) error) *cobra.Command {
	o := doctorOptions{format: formatTable}
	format := formatValue{&o.format, []format{formatTable, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:   "doctor [NAME]",
		Short: "Find where the way to a workspace is broken",
		Long: `Go the whole way, one hop after the other: kubeconfig, API server, permissions, what
the cluster publishes, DNS, TCP, TLS, the gateway's answer, the workspace's Service,
its sshd, host key and login, a shell, sftp and forwarding, and what ssh makes of it
all. The first hop that fails is explained with the next step.

The exit code is 1 when something was found. With --bundle everything that helps
whoever reads a bug report is put into one file, with secrets taken out.`,
		Example: `  berth doctor api
  berth doctor api --bundle berth-report.tar.gz`,
		Args:              func(cmd *cobra.Command, args []string) error { return exactly(min(len(args), 1), "")(cmd, args) },
		ValidArgsFunction: a.completeFirst(a.completeWorkspaces(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
				if err := checkName(o.name); err != nil {
					return err
				}
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().VarP(format, "output", "o", "`format`: "+format.names())
	cmd.Flags().StringVar(&o.bundle, "bundle", "", "write `FILE`, a .tar.gz, to attach to a bug report")
	return cmd
}

// runDoctor examines, prints and, if asked, packs.
func (a *app) runDoctor(ctx context.Context, o doctorOptions) error {
	e := &examination{app: a, name: o.name}
	hear := func(workspace.Check) {}
	if o.format == formatTable {
		hear = func(c workspace.Check) { _, _ = io.WriteString(a.out, checkText(c)) } // seen as it happens
	}
	report := e.run(ctx, hear)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.format != formatTable {
		if err := printValue(a.out, newReportRecord(report), o.format); err != nil {
			return err
		}
	}
	if o.bundle != "" {
		path, err := e.pack(ctx, o.bundle, report)
		if err != nil {
			return err
		}
		a.note("written to " + path + "; have a look at it before you hand it on")
	}
	if report.Found() {
		return &exitError{code: exitFailure}
	}
	return nil
}

// reportRecord is a report in the JSON form.
type reportRecord struct {
	Subject string        `json:"subject,omitempty"`
	Alias   string        `json:"alias,omitempty"`
	At      time.Time     `json:"at"`
	Version string        `json:"version"`
	Found   bool          `json:"found"` // a problem
	Checks  []checkRecord `json:"checks"`
}

type checkRecord struct {
	Name         string   `json:"name"`
	State        string   `json:"state"`
	Milliseconds float64  `json:"milliseconds,omitempty"`
	Text         string   `json:"text,omitempty"`
	Next         []string `json:"next,omitempty"`
}

func newReportRecord(r workspace.Report) reportRecord {
	out := reportRecord{Subject: r.Subject, Alias: r.Alias, At: r.At.UTC(), Version: versionString(), Found: r.Found(), Checks: []checkRecord{}}
	for _, c := range r.Checks {
		out.Checks = append(out.Checks, checkRecord{
			Name: c.Name, State: string(c.State), Milliseconds: float64(c.Took.Microseconds()/10) / 100, Text: c.Text, Next: c.Next,
		})
	}
	return out
}

// checkText is the form for people.
func checkText(c workspace.Check) string {
	sign := map[workspace.CheckState]string{
		workspace.CheckOK: "✓", workspace.CheckNote: "!", workspace.CheckProblem: "✕", workspace.CheckSkipped: "-", workspace.CheckNotMet: " ",
	}[c.State]
	text := c.Text
	if text == "" {
		text = string(c.State)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-13s %s", sign, c.Name, strings.ReplaceAll(text, "\n", "\n                "))
	if c.Took >= time.Millisecond {
		fmt.Fprintf(&b, "  (%d ms)", c.Took.Milliseconds())
	}
	b.WriteString("\n")
	for _, next := range c.Next {
		fmt.Fprintf(&b, "    next: %s\n", next)
	}
	return b.String()
}

// finding is what one look has shown.
type finding struct {
	text string
	note bool          // worth knowing, and no problem
	skip bool          // does not apply; text says why
	err  error         // a problem
	took time.Duration // where the time of the look is not the hop's own
}

func fine(format string, args ...any) finding { return finding{text: fmt.Sprintf(format, args...)} }

func noteworthy(format string, args ...any) finding {
	return finding{text: fmt.Sprintf(format, args...), note: true}
}

func skip(format string, args ...any) finding {
	return finding{text: fmt.Sprintf(format, args...), skip: true}
}

func problem(err error) finding { return finding{err: err} }

// look is one check, and the ones before it without which it says nothing.
type look struct {
	name  string
	needs []string
	look  func(ctx context.Context, e *examination) finding
}

// run makes every check whose needs are met.
func (e *examination) run(ctx context.Context, hear func(workspace.Check)) workspace.Report {
	defer e.close()
	e.report = workspace.Report{At: time.Now(), Subject: e.name}
	failed := map[string]bool{}
	for _, l := range e.looks() {
		if ctx.Err() != nil {
			break
		}
		c := workspace.Check{Name: l.name, State: workspace.CheckNotMet}
		met := true
		for _, need := range l.needs {
			met = met && !failed[need]
		}
		if met {
			c = e.check(ctx, l)
		}
		failed[l.name] = c.State == workspace.CheckProblem || c.State == workspace.CheckNotMet
		e.report.Checks = append(e.report.Checks, c)
		hear(c)
	}
	e.report.Alias = e.file.Alias
	return e.report
}

// check makes one check.
func (e *examination) check(ctx context.Context, l look) workspace.Check {
	ctx, cancel := context.WithTimeoutCause(ctx, doctorTimeout, timedOut(doctorTimeout))
	defer cancel()
	begun := time.Now()
	f := l.look(ctx, e)
	c := workspace.Check{Name: l.name, State: workspace.CheckOK, Took: time.Since(begun), Text: workspace.SafeText(f.text)}
	if f.took > 0 {
		c.Took = f.took
	}
	switch {
	case f.err != nil:
		err := f.err
		if errors.Is(err, context.DeadlineExceeded) {
			err = context.Cause(ctx)
		}
		c.State, c.Text = workspace.CheckProblem, workspace.SafeText(err.Error())
		if text := hints(f.err); text != "" {
			c.Next = strings.Split(workspace.SafeText(text), "\n")
		}
	case f.note:
		c.State = workspace.CheckNote
	case f.skip:
		c.State, c.Took = workspace.CheckSkipped, 0
	}
	return c
}
