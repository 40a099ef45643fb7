package kube

// The workspace's Secret: read and written by its derived name only, never
// listed or watched, so that nobody needs the right to see other Secrets.

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/berth-sh/berth/workspace"
)

// identityOf reads what the Secret holds. A Secret without a readable host key
// is an error: nobody could be sure whom they reach.
func identityOf(secret *corev1.Secret) (Identity, error) {
	key := secret.Data[secretHostKey]
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		return Identity{}, fmt.Errorf("secret %s holds no readable host key", secret.Name)
	}
	id := Identity{HostKey: key, HostPublic: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))}
	for line := range strings.Lines(string(secret.Data[secretAuthorizedKeys])) {
		if line = workspace.Safe(line); line != "" && !strings.HasPrefix(line, "#") {
			id.AuthorizedKeys = append(id.AuthorizedKeys, line)
		}
	}
	return id, nil
}

// Keys returns the public key lines that may log in to the workspace.
func (c *Client) Keys(ctx context.Context, ref workspace.Ref) ([]string, error) {
	secret, err := c.secret(ctx, ref)
	if err != nil {
		return nil, err
	}
	id, err := identityOf(secret)
	return id.AuthorizedKeys, err
}

// HostKey returns the workspace's public host key line from its Secret, for
// people who may read it; others find it as an annotation on the Deployment.
func (c *Client) HostKey(ctx context.Context, ref workspace.Ref) (string, error) {
	secret, err := c.secret(ctx, ref)
	if err != nil {
		return "", err
	}
	id, err := identityOf(secret)
	return id.HostPublic, err
}

// ChangeKeys replaces the keys that may log in by what change makes of them.
// Where somebody else wrote meanwhile, change is called again with what they
// have made of it. The kubelet brings the new list into a running workspace
// within about two minutes.
func (c *Client) ChangeKeys(ctx context.Context, ref workspace.Ref, change func([]string) ([]string, error)) error {
	return c.changeSecret(ctx, ref, "changing the keys", func(id Identity) (map[string][]byte, error) {
		lines, err := change(slices.Clone(id.AuthorizedKeys))
		if err != nil {
			return nil, err
		}
		if lines, err = ParseAuthorizedKeys(lines); err != nil {
			return nil, err
		}
		if slices.Equal(lines, id.AuthorizedKeys) {
			return nil, nil
		}
		id.AuthorizedKeys = lines
		return map[string][]byte{secretAuthorizedKeys: id.authorizedFile()}, nil
	})
}

// changeSecret writes what change makes of the workspace's identity, once more
// where it was changed meanwhile. No data writes nothing.
func (c *Client) changeSecret(ctx context.Context, ref workspace.Ref, doing string, change func(Identity) (map[string][]byte, error)) error {
	once := func() error {
		secret, err := c.secret(ctx, ref)
		if err != nil {
			return err
		}
		id, err := identityOf(secret)
		if err != nil {
			return err
		}
		data, err := change(id)
		if err != nil || data == nil {
			return err
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": secret.UID, "resourceVersion": secret.ResourceVersion},
			"data":     data,
		})
		if err != nil {
			return fmt.Errorf("encoding keys: %w", err)
		}
		ctx, cancel := c.write(ctx)
		defer cancel()
		_, err = c.clientset.CoreV1().Secrets(ref.Namespace).Patch(ctx, secret.Name, types.MergePatchType, patch,
			metav1.PatchOptions{FieldManager: workspace.FieldManager})
		if err != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("%s of %s: %w", doing, ref.Name, c.explain(err))
		}
		return err
	}
	err := retry.RetryOnConflict(retry.DefaultBackoff, once)
	if apierrors.IsConflict(err) {
		return fmt.Errorf("%s of %s: %w", doing, ref.Name, c.explain(err))
	}
	return err
}

// secret reads the workspace's own Secret.
func (c *Client) secret(ctx context.Context, ref workspace.Ref) (*corev1.Secret, error) {
	secret, err := c.clientset.CoreV1().Secrets(ref.Namespace).Get(ctx, ref.SecretName(), metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", ref.Name, c.explain(err))
	}
	if secret.Labels[workspace.LabelManagedBy] != workspace.ManagedBy || secret.Labels[workspace.LabelWorkspace] != ref.Name {
		u, err := toUnstructured(secret)
		if err != nil {
			return nil, err
		}
		u.SetKind("Secret")
		return nil, foreign(u)
	}
	return secret, nil
}
