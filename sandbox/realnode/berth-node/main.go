//go:build linux

// Command berth-node adds a real node to a running sandbox and keeps it until
// it is interrupted.
//
//	berth-node images --images DIR --bin BIN
//	berth-node --images DIR --bin BIN --state SANDBOX --dir DIR
//
// The first makes the images of the tests, the second starts the node with
// them. Run as `berth-node inside …` it is the first process of the node's
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
	verb := ""
	if len(args) > 0 && (args[0] == "inside" || args[0] == "images") {
		verb, args = args[0], args[1:]
	}
	cfg := realnode.Config{Log: slog.New(slog.NewTextHandler(stderr, nil))}
	flags := flag.NewFlagSet("berth-node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.State, "state", "", "the sandbox's `folder`")
	flags.StringVar(&cfg.Dir, "dir", "", "the node's own `folder`")
	flags.StringVar(&cfg.Bin, "bin", "", "the `folder` of containerd, runc and the kubelet")
	flags.StringVar(&cfg.CNI, "cni", "", "the `folder` of the network plugins")
	images := flags.String("images", "", "the `folder` of the tests' images")
	kubeconfig := flags.String("kubeconfig", "", "the kubelet's `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch verb {
	case "inside":
		return realnode.Inside(ctx, cfg, *kubeconfig)
	case "images":
		_, err := makeImages(ctx, *images, cfg.Bin, stderr)
		return err
	}
	return outside(ctx, cfg, *images, stderr)
}

// outside runs the node until ctx ends.
func outside(ctx context.Context, cfg realnode.Config, images string, stderr io.Writer) error {
	made, err := makeImages(ctx, images, cfg.Bin, stderr)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	node, err := realnode.Start(ctx, cfg, executable)
	if err != nil {
		return err
	}
	defer node.Stop(context.WithoutCancel(ctx))
	stop, err := servePackages(ctx, made.packages)
	if err != nil {
		return err
	}
	defer stop()
	if err := furnish(ctx, node, made.archives); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stderr, "the node is ready; interrupt to stop it") // nobody else to tell
	<-ctx.Done()
	return nil
}
