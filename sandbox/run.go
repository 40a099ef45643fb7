package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/daemon"
	"github.com/berth-sh/berth/sandbox/state"
)

// newRun is the supervisor in the foreground; up starts it in the background.
func newRun() *cobra.Command {
	var api, gateway port
	cmd := &cobra.Command{
		Use:    "run",
		Short:  "run the sandbox in the foreground",
		Hidden: true,
		Args:   cobra.NoArgs,
	}
	folder := folderFlag(cmd)
	cmd.Flags().Var(&api, "api-port", "port of the API server")
	cmd.Flags().Var(&gateway, "gateway-port", "port of the gateway")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := folder()
		if err != nil {
			return err
		}
		return supervise(cmd.Context(), f, int(api), int(gateway))
	}
	return cmd
}

func supervise(ctx context.Context, f state.Folder, api, gateway int) error {
	if err := f.Prepare(); err != nil {
		return err
	}
	me, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	file, err := controlplane.OpenCapLog(f.Path("logs", "supervisor.log"))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // writes were not buffered
	log := slog.New(slog.NewTextHandler(file, nil))
	klog.SetSlogLogger(log.With("from", "client-go"))
	return daemon.Run(ctx, daemon.Config{
		Folder: f, APIPort: api, GatewayPort: gateway,
		Executable: me, PodExecutable: podExecutable(me), Log: log,
	})
}

// podExecutable is the small program for workspaces beside this one, or this
// one where it was installed alone: it can do the same, in more memory.
func podExecutable(me string) string {
	small := filepath.Join(filepath.Dir(me), "berth-sandbox-pod")
	if info, err := os.Stat(small); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		return small
	}
	return me
}
