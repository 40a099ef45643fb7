package kube

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// Cluster returns the cluster's identity: the UID of namespace kube-system,
// or, where that may not be read, a hash of the server's address and CA. The
// answer is remembered.
func (c *Client) Cluster(ctx context.Context) (workspace.ClusterID, error) {
	c.mu.Lock()
	known := c.cluster
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	ns, err := c.clientset.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	var id workspace.ClusterID
	switch {
	case err == nil:
		id = workspace.ClusterID(workspace.Safe(string(ns.UID)))
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		id = c.addressID()
	default:
		return "", fmt.Errorf("identifying the cluster: %w", Explain(err, c.config.Host))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cluster = id
	return id, nil
}

// addressID identifies a cluster by how it is reached.
func (c *Client) addressID() workspace.ClusterID {
	h := sha256.New()
	h.Write([]byte(c.config.Host + "\x00" + "\x00"))
	h.Write(c.config.CAData)
	return workspace.ClusterID("address-" + hex.EncodeToString(h.Sum(nil)[:16]))
}
