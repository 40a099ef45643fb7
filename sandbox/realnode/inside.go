//go:build linux

package realnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"github.com/berth-sh/berth/sandbox/volume"
)

// Inside is the first process of the node's namespaces: it mounts what the
// node needs, keeps containerd, the kubelet, kube-proxy and CoreDNS running,
// serves the claims, and reaps what the node's other processes leave. kubeconfig is the kubelet's. It
// returns when ctx ends; with it ends every process of the node.
func Inside(ctx context.Context, cfg Config, kubeconfig string) error {
	if os.Getpid() != 1 {
		return errors.New("not in a PID namespace of its own")
	}
	if err := mounts(); err != nil {
		return err
	}
	r := newReaper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var owned sync.WaitGroup
	owned.Go(func() { r.run(ctx) })
	owned.Go(func() { keep(ctx, cfg, r, containerdArgs(cfg)) })
	owned.Go(func() { keep(ctx, cfg, r, proxyArgs(cfg)) })
	owned.Go(func() { keep(ctx, cfg, r, dnsArgs(cfg)) })
	owned.Go(func() {
		if err := serveAPI(ctx, cfg); err != nil {
			cfg.Log.Error("serving pods", "err", err)
		}
	})
	owned.Go(func() {
		if waitSocket(ctx, cfg.socket()) {
			keep(ctx, cfg, r, kubeletArgs(cfg, kubeconfig))
		}
	})
	err := provision(ctx, cfg)
	cancel()
	owned.Wait()
	return err
}

// mounts gives the node its own view: its own processes in /proc, network
// namespaces that nobody else sees, and mounts that reach its containers and
// nothing outside.
func mounts() error {
	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"", "/", "", unix.MS_REC | unix.MS_SHARED, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755"},
	}
	for _, s := range steps {
		if err := unix.Mount(s.source, s.target, s.kind, s.flags, s.data); err != nil {
			return fmt.Errorf("mounting %s: %w", s.target, err)
		}
	}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return fmt.Errorf("making the folder of network namespaces: %w", err)
	}
	return nil
}

func containerdArgs(cfg Config) []string {
	return []string{filepath.Join(cfg.Bin, "containerd"), "--config", cfg.path("containerd.toml")}
}

func kubeletArgs(cfg Config, kubeconfig string) []string {
	return []string{
		filepath.Join(cfg.Bin, "kubelet"), "--config=" + cfg.path("kubelet.yaml"),
		"--kubeconfig=" + kubeconfig, "--hostname-override=" + Name, "--node-ip=" + Gateway,
		"--root-dir=" + cfg.path("kubelet"), "--cert-dir=" + cfg.path("kubelet", "pki"),
	}
}

// keep runs a program again and again until ctx ends. Its output is in the
// node's logs.
func keep(ctx context.Context, cfg Config, r *reaper, args []string) {
	name := filepath.Base(args[0])
	for ctx.Err() == nil {
		log, err := os.OpenFile(cfg.path("logs", name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			cfg.Log.Error("opening a log", "err", err)
			return
		}
		cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...)
		// The shim is found in PATH.
		cmd.Env = append(os.Environ(), "PATH="+cfg.Bin+":/usr/local/sbin:/usr/sbin:/sbin:"+os.Getenv("PATH"))
		cmd.Stdout, cmd.Stderr = log, log
		ended, err := r.start(cmd)
		_ = log.Close() // the program has its own descriptor
		if err != nil {
			cfg.Log.Error("starting a program of the node", "err", err)
			return
		}
		select {
		case <-ended:
			cfg.Log.Warn("a program of the node ended", "program", name)
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM) // and the namespace's end kills what stays
			return
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// waitSocket waits until something listens on a socket; false when ctx ended
// first.
func waitSocket(ctx context.Context, path string) bool {
	for {
		if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			return true
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
}

// provision serves the claims of the node's storage classes until ctx ends.
func provision(ctx context.Context, cfg Config) error {
	client, err := admin(cfg)
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return volume.Provision(ctx, volume.Config{
		Client: client, Log: cfg.Log, Provisioner: Provisioner, Node: Name, Dir: cfg.Volumes(), Local: true,
		Events:  broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: Provisioner, Host: Name}),
		Prepare: prepare, Release: release,
	})
}

// Parameters of a storage class with volumes that misbehave: a file system of
// memory of a certain size, for volumes that are full.
const (
	ParameterFS   = "fs"   // tmpfs
	ParameterSize = "size" // as mount takes it
)

// prepare mounts what the class asks for on a claim's folder.
func prepare(_ context.Context, class *storagev1.StorageClass, dir string) error {
	// A volume belongs to the container's user, which is not this machine's root.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	switch class.Parameters[ParameterFS] {
	case "":
		return nil
	case "tmpfs":
		return unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+class.Parameters[ParameterSize])
	}
	return fmt.Errorf("storage class %s: no file system %q here", class.Name, class.Parameters[ParameterFS])
}

// release undoes prepare.
func release(dir string) error {
	if err := unix.Unmount(dir, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}
