package kube

// Giving a workspace a new host key.
//
// The order makes every cut repairable. First the claim says, signed by the old
// key, which key follows; then the Secret has the new key; then claim and
// Deployment show it. Whoever has pinned the old one is led to the new one by
// the signature and by nothing else, so a rotation that was cut off before the
// end is ended by the next call, and anything else that differs is refused.

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/workspace"
)

// Rotation says what became of a host key.
type Rotation struct {
	Before, Now string // public lines
	Succession  string // the record that leads from the one to the other
	Resumed     bool   // a rotation that was cut off was ended; the key is not from now
}

// RotateHostKey replaces the workspace's host key. uid is the Deployment's.
func (c *Client) RotateHostKey(ctx context.Context, ref workspace.Ref, uid string) (Rotation, error) {
	deployment, err := c.deployment(ctx, ref, uid)
	if err != nil {
		return Rotation{}, err
	}
	claim, err := c.find(ctx, claimOf(ref))
	if err != nil {
		return Rotation{}, err
	}
	if claim == nil {
		return Rotation{}, workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("%s does not exist", title(claimOf(ref))))
	}
	if err := c.meant(claim, ref, ""); err != nil {
		return Rotation{}, err
	}
	r := Rotation{Before: deployment.GetAnnotations()[workspace.AnnotationHostKey]}
	fresh, err := NewIdentity(nil)
	if err != nil {
		return Rotation{}, err
	}
	err = c.changeSecret(ctx, ref, "rotating the host key", func(id Identity) (map[string][]byte, error) {
		return c.nextHostKey(ctx, claim, id, fresh, &r)
	})
	if err != nil {
		return Rotation{}, err
	}
	for _, o := range []*unstructured.Unstructured{claim, deployment} {
		if err := c.annotateHostKey(ctx, o, r.Now); err != nil {
			return r, workspace.WithHint(err, "the new key is in place and not yet shown; the same command ends that")
		}
	}
	return r, nil
}

// nextHostKey writes the record and gives what the Secret gets, nothing where
// an earlier call has already brought it there.
func (c *Client) nextHostKey(ctx context.Context, claim *unstructured.Unstructured, id, fresh Identity, r *Rotation) (map[string][]byte, error) {
	record := claim.GetAnnotations()[workspace.AnnotationSucceeds]
	if id.HostPublic != r.Before {
		if !workspace.Succeeds(record, r.Before, id.HostPublic) {
			return nil, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf(
				"the Secret of %s holds another host key than the cluster shows, and no rotation has put it there", claim.GetName())),
				"find out who has; a delete and restore of the workspace takes the key of the Secret")
		}
		r.Now, r.Succession, r.Resumed = id.HostPublic, record, true
		return nil, nil
	}
	private, err := ed25519Of(id.HostKey)
	if err != nil {
		return nil, err
	}
	if record, err = workspace.Succeed(record, private, fresh.HostPublic); err != nil {
		return nil, fmt.Errorf("signing the new host key: %w", err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": claim.GetUID(), "annotations": map[string]string{workspace.AnnotationSucceeds: record},
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding the new host key: %w", err)
	}
	if err := c.merge(ctx, claim, patch, stateManager); err != nil {
		return nil, err
	}
	r.Now, r.Succession = fresh.HostPublic, record
	return map[string][]byte{secretHostKey: fresh.HostKey, secretHostPublic: []byte(fresh.HostPublic + "\n")}, nil
}

// ed25519Of takes the key out of its PEM form.
func ed25519Of(pem []byte) (ed25519.PrivateKey, error) {
	raw, err := ssh.ParseRawPrivateKey(pem)
	if err != nil {
		return nil, errors.New("the Secret holds no readable host key") // err may quote it
	}
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		return *key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, errors.New("the Secret's host key is not ed25519")
}

// annotateHostKey has an object show the host key, as a value that the next
// apply owns.
func (c *Client) annotateHostKey(ctx context.Context, o *unstructured.Unstructured, key string) error {
	if o.GetAnnotations()[workspace.AnnotationHostKey] == key {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": o.GetUID(), "annotations": map[string]string{workspace.AnnotationHostKey: key},
	}})
	if err != nil {
		return fmt.Errorf("encoding the host key: %w", err)
	}
	if err := c.merge(ctx, o, patch, workspace.FieldManager); err != nil {
		return err
	}
	live, err := c.find(ctx, o)
	if err != nil {
		return err
	}
	if live == nil {
		return replaced(o)
	}
	_, err = c.own(ctx, live)
	return err
}
