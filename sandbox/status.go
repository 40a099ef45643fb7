package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sandbox/state"
)

// report is the sandbox's status for machines; its names are a promise.
type report struct {
	State         state.Phase       `json:"state"`
	StateDir      string            `json:"stateDir"`
	Kubeconfig    string            `json:"kubeconfig"`
	Context       string            `json:"context"`
	API           string            `json:"api"`
	Gateway       string            `json:"gateway"`
	Domain        string            `json:"domain"`
	SupervisorPID int               `json:"supervisorPID"`
	Components    []reportComponent `json:"components"`
}

// reportComponent is one part; what lives in the supervisor's process has no
// process id and no memory of its own.
type reportComponent struct {
	Name     string `json:"name"`
	PID      int    `json:"pid"`
	Ready    bool   `json:"ready"`
	Restarts int    `json:"restarts"`
	RSSBytes int64  `json:"rssBytes"`
}

func newStatus(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "say what runs", Args: noArgs}
	folder, format := folderFlag(cmd), outputFlag(cmd)
	cmd.Long = "Says what runs. Exit code 0 when the sandbox runs, 3 when it is stopped, 1 otherwise."
	cmd.RunE = func(*cobra.Command, []string) error {
		f, err := folder()
		if err != nil {
			return err
		}
		status, err := f.LoadStatus()
		if err != nil {
			return err
		}
		r := newReport(f, status)
		if err := r.write(s.out, *format); err != nil {
			return err
		}
		switch r.State {
		case state.Running:
			return nil
		case state.Stopped:
			return exitError(exitStopped)
		}
		return exitError(exitFailure)
	}
	return cmd
}

// newReport checks the recorded processes: what the file says of a process
// that is gone is not true any more.
func newReport(f state.Folder, s state.Status) report {
	r := report{
		State: s.Phase, StateDir: f.Path(), Kubeconfig: f.Kubeconfig(),
		Context: state.Context, Domain: state.Domain, Components: []reportComponent{},
	}
	if s.Phase == state.Stopped {
		return r
	}
	r.SupervisorPID = s.Supervisor.PID
	if s.Ports.APIPort != 0 {
		r.API = "https://" + state.Address(s.Ports.APIPort)
		r.Gateway = state.Address(s.Ports.GatewayPort)
	}
	for _, c := range s.Components {
		pc := reportComponent{Name: c.Name, PID: c.Process.PID, Ready: c.Ready, Restarts: c.Restarts, RSSBytes: c.Process.RSS()}
		if c.Process.PID != 0 && pc.RSSBytes == 0 {
			pc.Ready = false
		}
		if !pc.Ready && r.State == state.Running {
			r.State = state.Degraded
		}
		r.Components = append(r.Components, pc)
	}
	return r
}

func (r report) write(w io.Writer, format output) error {
	if format == "json" {
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("encoding the status: %w", err)
		}
		_, err = fmt.Fprintf(w, "%s\n", data)
		return err
	}
	_, err := io.WriteString(w, r.text())
	return err
}

// text is the report for people.
func (r report) text() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // b takes everything
	line("sandbox\t%s\n", r.State)
	line("data\t%s\n", r.StateDir)
	if r.State != state.Stopped {
		line("kubeconfig\t%s\n", r.Kubeconfig)
		line("api\t%s\n", r.API)
		line("gateway\t%s\n", r.Gateway)
		line("\n")
	}
	for _, c := range r.Components {
		ready := "ready"
		if !c.Ready {
			ready = "not ready"
		}
		line("%s\t%s\t", c.Name, ready)
		if c.PID != 0 {
			line("process %d, %d MB", c.PID, c.RSSBytes/1_000_000)
		}
		if c.Restarts > 0 {
			line(", restarted %d times", c.Restarts)
		}
		line("\n")
	}
	_ = t.Flush() // as above
	return b.String()
}
