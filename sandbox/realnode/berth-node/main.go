//go:build linux

// Command berth-node adds a real node to a running sandbox and keeps it until
// it is interrupted.
//
//	berth-node --state SANDBOX --dir DIR --bin BIN [IMAGE.tar ...]
//
// Run as `berth-node inside …` it is the first process of the node's
// namespaces.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/berth-sh/berth/sandbox/realnode"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "berth-node:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stderr io.Writer) error {
	inside := len(args) > 0 && args[0] == "inside"
	if inside {
		args = args[1:]
	}
	cfg := realnode.Config{Log: slog.New(slog.NewTextHandler(stderr, nil))}
	flags := flag.NewFlagSet("berth-node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.State, "state", "", "the sandbox's `folder`")
	flags.StringVar(&cfg.Dir, "dir", "", "the node's own `folder`")
	flags.StringVar(&cfg.Bin, "bin", "", "the `folder` of containerd, runc and the kubelet")
	flags.StringVar(&cfg.CNI, "cni", "", "the `folder` of the network plugins")
	kubeconfig := flags.String("kubeconfig", "", "the kubelet's `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if inside {
		return realnode.Inside(ctx, cfg, *kubeconfig)
	}
	return outside(ctx, cfg, flags.Args(), stderr)
}

func outside(ctx context.Context, cfg realnode.Config, images []string, stderr io.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	node, err := realnode.Start(ctx, cfg, executable)
	if err != nil {
		return err
	}
	defer node.Stop(context.WithoutCancel(ctx))
	for _, image := range images {
		if err := node.Import(ctx, image); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(stderr, "the node is ready; interrupt to stop it")
	<-ctx.Done()
	return nil
}
