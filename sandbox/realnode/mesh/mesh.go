//go:build linux

// Package mesh runs a real istiod, and real Envoys that it configures, beside a
// cluster: the gateways of the tests. There is no Istio agent; an Envoy asks
// istiod itself, as the gateway's pod would.
package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Addresses of the machine that the mesh uses.
const (
	xdsPort       = 15010
	secureXDSPort = 15012
	httpAddr      = "127.0.0.1:18080"
)

// settings of istiod that the agent's absence asks for: nobody fetches
// certificates or metadata for an Envoy.
const settings = `enablePrometheusMerge: false
enableAutoMtls: false
defaultProviders: {}
accessLogFile: ""
`

// Mesh is a running istiod.
type Mesh struct {
	bin, dir string
	log      io.Writer
}

// Start starts istiod for the cluster of a kubeconfig, which has Istio's
// resource definitions. It ends with ctx; bin holds pilot-discovery and envoy,
// dir is its own.
func Start(ctx context.Context, kubeconfig, bin, dir string, log io.Writer) (*Mesh, error) {
	m := &Mesh{bin: bin, dir: dir, log: log}
	config := filepath.Join(dir, "mesh.yaml")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		return nil, fmt.Errorf("configuring istiod: %w", err)
	}
	err := m.run(ctx, "pilot-discovery", []string{
		"PILOT_ENABLE_METADATA_EXCHANGE=false", "PILOT_ENABLE_ALPN_FILTER=false", "POD_NAMESPACE=istio-system",
		"PILOT_CERT_PROVIDER=istiod", "CLUSTER_ID=Kubernetes", "PILOT_ENABLE_GATEWAY_API=false",
	}, "discovery", "--kubeconfig", kubeconfig, "--meshConfig", config, "--httpAddr", httpAddr, "--httpsAddr", "127.0.0.1:15017",
		"--secureGRPCAddr", fmt.Sprintf("127.0.0.1:%d", secureXDSPort), "--grpcAddr", fmt.Sprintf("127.0.0.1:%d", xdsPort), "--monitoringAddr", "127.0.0.1:15014", "--ctrlz_port", "0")
	if err != nil {
		return nil, err
	}
	return m, Await(ctx, "http://"+httpAddr+"/ready")
}

// run starts a program that ends with ctx.
func (m *Mesh) run(ctx context.Context, program string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(m.bin, program), args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), m.dir, m.log, m.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", program, err)
	}
	go func() { _ = cmd.Wait() }() // reaped when ctx ends
	return nil
}

// Await waits until a URL answers 200.
func Await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close() // only its status counts
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", url, err)
		}
	}
}
