// Package node is the sandbox's node.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"

	"k8s.io/client-go/rest"
)

// Config says what a node needs.
type Config struct {
	REST       *rest.Config
	Name       string
	Dir        string
	VolumeDir  string
	Listener   net.Listener
	TLS        *tls.Config
	Executable string
	Log        *slog.Logger
}

// Node is the sandbox's node.
type Node struct{ ready chan struct{} }

// New returns a node that does nothing until Run.
func New(Config) (*Node, error) { return &Node{ready: make(chan struct{})}, nil }

// Run runs the node until ctx ends.
func (n *Node) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// DialPod connects to a port of a pod.
func (n *Node) DialPod(_ context.Context, _ string, _ int) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

// Ready is closed once the node is registered and ready.
func (n *Node) Ready() <-chan struct{} { return n.ready }
