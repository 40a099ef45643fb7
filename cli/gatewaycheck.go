package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"

	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// probeTimeout bounds each step of one question to the gateway.
const probeTimeout = 5 * time.Second

func newGatewayCheck(a *app) *cobra.Command {
	f := formatTable
	format := formatValue{&f, []format{formatTable, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find what would hurt those who connect through the gateway",
		Long: `Look at the gateway's objects in the cluster, and ask the gateway itself for tunnels
that it must not give. What could not be looked at is said, never passed over. The
exit code is 1 when something was found.`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runGatewayCheck(cmd.Context(), f) },
	}
	cmd.Flags().VarP(format, "output", "o", "`format`: "+format.names())
	return cmd
}

func (a *app) runGatewayCheck(ctx context.Context, f format) error {
	c, err := a.cluster()
	if err != nil {
		return err
	}
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(c.client.REST())
	if err != nil {
		return fmt.Errorf("looking at the gateway: %w", err)
	}
	way, err := a.gatewayWay(inst)
	if err != nil {
		return err
	}
	stranger := way
	stranger.ClientCert, stranger.ClientKey, stranger.TokenFile, stranger.TokenCommand = "", "", "", ""
	checker := gateway.Checker{Cluster: objects, Installation: inst, Probe: prober(way), Bare: prober(stranger)}
	if inst.Gateway.TLS.Enabled() {
		checker.Expiry = func(ctx context.Context) (time.Time, error) { return expiry(ctx, way) }
	}
	findings, err := checker.Check(ctx)
	if err != nil {
		return err
	}
	if f != formatTable {
		err = printValue(a.out, findings, f)
	} else {
		_, err = a.out.Write([]byte(findingsText(findings)))
	}
	if err != nil {
		return err
	}
	for _, found := range findings {
		if !found.OK {
			return &exitError{code: 1}
		}
	}
	return nil
}

// gatewayWay is the way to the gateway that ssh goes: through the user's proxy,
// with their token and certificate.
func (a *app) gatewayWay(inst workspace.Installation) (f alias.File, err error) {
	p, err := a.place(workspace.Snapshot{Installation: inst, ClusterName: inst.Cluster})
	if err == nil {
		err = a.wayThrough(&f, p)
	}
	return f, err
}

// prober asks the gateway on this way.
func prober(f alias.File) gateway.Prober {
	o := connect.OptionsFor(f)
	o.Timeout = probeTimeout
	return func(ctx context.Context, authority string) (int, error) {
		asked := o
		asked.Authority = authority
		conn, err := connect.Dial(ctx, asked)
		if err == nil {
			_ = conn.Close() // that it is there is the answer
			return http.StatusOK, nil
		}
		var refused *connect.RefusedError
		var step *connect.StepError
		switch {
		case errors.As(err, &refused):
			return refused.Status, nil
		case errors.As(err, &step) && step.Step == connect.StepConnect && step.Fault == connect.FaultTimeout:
			return http.StatusGatewayTimeout, nil // it has taken the question, and gives no tunnel
		}
		return 0, err
	}
}

// expiry is when the gateway's certificate ends.
func expiry(ctx context.Context, f alias.File) (time.Time, error) {
	o := connect.OptionsFor(f)
	o.Timeout = probeTimeout
	cert, err := connect.Certificate(ctx, o)
	if err != nil {
		return time.Time{}, err
	}
	return cert.NotAfter, nil
}

// findingsText is the form for people: problems first, then notes, each with
// its next step.
func findingsText(findings []gateway.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		sign := "✓"
		switch {
		case !f.OK:
			sign = "✕"
		case f.Note:
			sign = "!"
		}
		fmt.Fprintf(&b, "%s %-18s %s", sign, f.Check, f.Text)
		if f.Object != "" {
			fmt.Fprintf(&b, "  (%s)", f.Object)
		}
		b.WriteString("\n")
		if f.Fix != "" {
			fmt.Fprintf(&b, "    next: %s\n", f.Fix)
		}
	}
	return b.String()
}
