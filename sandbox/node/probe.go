package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The readiness of a workspace is its server's banner, whatever kind of probe
// the pod asks for; period, threshold and delay are the pod's. Until the first
// success it is looked at often, because somebody waits for it. Liveness and
// startup probes are not acted on.
const (
	probeSoon     = 50 * time.Millisecond
	probeTimeout  = time.Second
	probePeriod   = 10 * time.Second
	probeFailures = 3
)

// probe keeps the container's readiness until ctx or the process ends.
func (w *worker) probe(ctx context.Context, p *process) {
	period, threshold := probePeriod, probeFailures
	if spec := w.readinessProbe(); spec != nil {
		if spec.PeriodSeconds > 0 {
			period = time.Duration(spec.PeriodSeconds) * time.Second
		}
		if spec.FailureThreshold > 0 {
			threshold = int(spec.FailureThreshold)
		}
	}
	select {
	case <-p.ready: // it serves now, or never will
	case <-ctx.Done():
		return
	}
	ready, failures := false, 0
	reported := time.Now()
	for {
		err := w.probeOnce(ctx, p)
		if ctx.Err() != nil || hasExited(p) {
			return
		}
		wait := period
		switch {
		case err == nil:
			failures = 0
			if !ready {
				ready = true
				w.changeMain(func(c *corev1.ContainerStatus) { c.Ready = true })
			}
		case ready || time.Since(reported) >= period:
			reported = time.Now()
			failures++
			w.containerEvent(corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: %v", err)
			if ready && failures >= threshold {
				ready = false
				w.changeMain(func(c *corev1.ContainerStatus) { c.Ready = false })
			}
		}
		if err != nil && !ready {
			wait = min(max(probeSoon, time.Since(p.started)/4), period)
		}
		select {
		case <-p.exited:
			return
		default:
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// hasExited reports whether the process has ended.
func hasExited(p *process) bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// readinessProbe is what the pod asks for.
func (w *worker) readinessProbe() *corev1.Probe {
	for _, c := range w.current().Spec.Containers {
		if c.Name == w.main {
			return c.ReadinessProbe
		}
	}
	return nil
}

// probeOnce asks the server for its banner. Errors name the pod's address, as
// they would on a real node.
func (w *worker) probeOnce(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	port := p.localPort()
	address := net.JoinHostPort(w.ip, strconv.Itoa(w.sshPort()))
	if port == 0 {
		return fmt.Errorf("dial tcp %s: connect: connection refused", address)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", localAddress(port))
	if err != nil {
		return fmt.Errorf("dial tcp %s: %w", address, cause(err))
	}
	defer func() { _ = conn.Close() }() // nothing was sent
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline) // a closed connection fails in the read
	}
	if _, err := io.ReadFull(conn, make([]byte, len("SSH-"))); err != nil {
		return fmt.Errorf("read tcp %s: %w", address, cause(err))
	}
	return nil
}

// cause is an error without the local address that net wraps it in.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// localAddress is a port of this machine's loopback.
func localAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
