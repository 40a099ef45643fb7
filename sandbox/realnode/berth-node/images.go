//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode"
	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// packages is where the node's pods get theirs: this machine's address on their
// bridge.
const packages = realnode.Gateway + ":18090"

// furniture is what a node gets.
type furniture struct {
	archives []string // of images
	packages string   // the folder that containers install from
}

// makeImages makes all images, and the packages that containers install, in
// dir; what is there already is kept.
func makeImages(ctx context.Context, dir, bin string, log io.Writer) (*furniture, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of images: %w", err)
	}
	recipes, err := recipes(bin)
	if err != nil {
		return nil, err
	}
	b := image.Builder{Dir: dir, Log: log}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of images: %w", err)
	}
	made, plain := new(furniture), ""
	for _, r := range recipes {
		archive, err := b.Build(ctx, r)
		if err != nil {
			return nil, err
		}
		made.archives = append(made.archives, archive)
		if r.Name == image.Plain {
			plain = archive
		}
	}
	if made.packages, err = b.Repository(ctx, image.Packages()...); err != nil {
		return nil, err
	}
	// A base image for those who build their own inside a workspace.
	base := filepath.Join(made.packages, "plain.tar")
	if err := os.Remove(base); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("offering the base image: %w", err)
	}
	if err := os.Link(plain, base); err != nil {
		return nil, fmt.Errorf("offering the base image: %w", err)
	}
	return made, nil
}

// recipes are those of all images, of the programs in bin.
func recipes(bin string) ([]image.Recipe, error) {
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return nil, fmt.Errorf("reading a static shell: %w: run scripts/setup realnode", err)
	}
	programs := map[string][]byte{}
	for _, name := range []string{"still", "envoy", "envoy-gateway"} {
		if programs[name], err = os.ReadFile(filepath.Join(bin, name)); err != nil {
			return nil, fmt.Errorf("reading a program of an image: %w: run make realnode", err)
		}
	}
	all := image.Recipes("http://"+packages, programs["still"], busybox)
	return append(all, image.Gateways(programs["envoy"], programs["envoy-gateway"])...), nil
}

// servePackages serves a folder of packages to the node's pods until it is
// stopped.
func servePackages(ctx context.Context, dir string) (stop func(), err error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", packages)
	if err != nil {
		return nil, fmt.Errorf("serving packages: %w", err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: 10 * time.Second}
	var owned sync.WaitGroup
	owned.Go(func() { _ = server.Serve(ln) }) // ends with Close
	return func() {
		_ = server.Close() // nobody is left to ask
		owned.Wait()
	}, nil
}

// furnish imports the images into the node.
func furnish(ctx context.Context, node *realnode.Node, archives []string) error {
	var errs []error
	for _, archive := range archives {
		errs = append(errs, node.Import(ctx, archive))
	}
	return errors.Join(errs...)
}
