package kube

// Reaching sshd through the API server, for clusters without a gateway and for
// when the gateway does not answer.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/berth-sh/berth/workspace"
)

// Dial connects to the workspace's sshd through the API server. The connection
// has working deadlines; when the far end reports why it failed, Read returns
// that. A workspace that is stopped is a conflict, one that does not exist is
// not found, one that is not ready yet is unreachable.
func (c *Client) Dial(ctx context.Context, ref workspace.Ref) (net.Conn, error) {
	pod, err := c.readyPod(ctx, ref)
	if err != nil {
		return nil, err
	}
	conn, err := c.upgrade(ctx, ref.Namespace, pod)
	if err != nil {
		return nil, fmt.Errorf("forwarding to pod %s: %w", workspace.Safe(pod), c.explain(err))
	}
	out, err := openStreams(conn, pod)
	if err != nil {
		_ = conn.Close() // the failure to report is the one before
		return nil, fmt.Errorf("forwarding to pod %s: %w", workspace.Safe(pod), c.explain(err))
	}
	return out, nil
}

// readyPod returns the workspace's pod, or says why there is none to connect to.
func (c *Client) readyPod(ctx context.Context, ref workspace.Ref) (string, error) {
	selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: (builder{ref: ref}).selector()})
	pods, err := c.clientset.CoreV1().Pods(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return "", fmt.Errorf("looking for the pod of %s: %w", ref.Name, c.explain(err))
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, isReady) {
			return pod.Name, nil
		}
	}
	live, err := c.deployment(ctx, ref, "")
	if err != nil {
		return "", err
	}
	if stopped(live) {
		return "", workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is stopped", ref.Name)),
			"start it: berth start "+ref.Name)
	}
	return "", workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("workspace %s is not ready", ref.Name)),
		"see why: berth why "+ref.Name)
}

func isReady(c corev1.PodCondition) bool {
	return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
}

// upgrade opens the multiplexed connection to the pod: through a WebSocket,
// which proxies let pass, else by the older upgrade to SPDY. The library's
// dialers know no context, so a dial that is given up ends by itself and is
// closed then.
func (c *Client) upgrade(ctx context.Context, namespace, pod string) (httpstream.Connection, error) {
	url := c.clientset.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	config := c.REST()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	older := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	newer, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, config)
	if err != nil {
		return nil, err
	}
	dialer := portforward.NewFallbackDialerForStreaming(newer, older, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	type result struct {
		conn httpstream.Connection
		err  error
	}
	done := make(chan result, 1)
	go func() {
		conn, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		if err == nil && protocol != portforward.PortForwardProtocolV1Name {
			err = errors.Join(fmt.Errorf("server speaks %q", protocol), conn.Close())
		}
		if ctx.Err() != nil && err == nil {
			err = errors.Join(ctx.Err(), conn.Close())
		}
		done <- result{conn, err}
	}()
	select {
	case r := <-done:
		return r.conn, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// streamHeaders names one stream of the forwarding protocol. A connection
// carries one request here, so its number is constant.
func streamHeaders(kind string) http.Header {
	h := http.Header{}
	h.Set(corev1.StreamType, kind)
	h.Set(corev1.PortHeader, strconv.Itoa(workspace.SSHPort))
	h.Set(corev1.PortForwardRequestIDHeader, "0")
	return h
}
