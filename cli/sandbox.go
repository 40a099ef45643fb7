package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// newSandbox hands its commands to berth-sandbox, a program of its own because
// it holds a whole Kubernetes.
func newSandbox(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the embedded cluster",
		Long: `Run a real Kubernetes API with one node that runs workspaces as local processes
of yours: no root, no containers, nothing outside ` + a.env.sandboxDir() + `.`,
		Args: cobra.ArbitraryArgs,
		RunE: subcommand,
	}
	for _, c := range []struct{ name, short string }{
		{"up", "Start the sandbox, or mend one that was killed"},
		{"down", "Stop the sandbox; --purge removes its data too"},
		{"status", "Say what runs; -o json for machines"},
	} {
		cmd.AddCommand(&cobra.Command{
			Use:                c.name,
			Short:              c.short,
			DisableFlagParsing: true, // berth-sandbox knows its own
			RunE: func(cmd *cobra.Command, args []string) error {
				return a.runSandbox(cmd.Context(), append([]string{c.name}, args...))
			},
		})
	}
	return cmd
}

// runSandbox runs berth-sandbox on this process's streams; its exit code
// becomes this one's.
func (a *app) runSandbox(ctx context.Context, args []string) error {
	path, err := a.findSandbox()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	// The terminal has sent ctrl+c to both; a kill would leave it half way.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return childError(path, cmd.Run())
}

// childError passes a child's exit code on; the child has said why.
func childError(path string, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &exitError{code: exit.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("running %s: %w", path, err)
	}
	return nil
}

// findSandbox looks beside this program, then in PATH. It never builds.
func (a *app) findSandbox() (string, error) {
	name := "berth-sandbox"
	if runtime.GOOS == "windows" {
		return "", workspace.WithHint(errors.New("the sandbox runs on Linux and macOS only"), "use it inside WSL, or name a cluster with --context")
	}
	beside := filepath.Join(filepath.Dir(a.env.executable), name)
	if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
		return beside, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", workspace.WithHint(
		workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("%s is neither in %s nor in PATH", name, filepath.Dir(beside))),
		"build it with `make sandbox` in berth's source and put it beside berth")
}
