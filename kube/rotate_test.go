package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// shownKeys are the host keys that the workspace's objects show, and the record.
func shownKeys(t *testing.T, c *kube.Client, ref workspace.Ref) (secret, claim, deployment, record string) {
	t.Helper()
	secret, err := c.HostKey(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	pvc, err := c.Interface().CoreV1().PersistentVolumeClaims(ref.Namespace).Get(t.Context(), ref.ClaimName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret, pvc.Annotations[workspace.AnnotationHostKey], d.Annotations[workspace.AnnotationHostKey], pvc.Annotations[workspace.AnnotationSucceeds]
}

func TestTheHostKeyIsRotatedEverywhere(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	first, _, _, _ := shownKeys(t, c, req.Ref)
	pinned := first
	for range 2 {
		r, err := c.RotateHostKey(t.Context(), req.Ref, "")
		if err != nil {
			t.Fatal(err)
		}
		secret, claim, deployment, record := shownKeys(t, c, req.Ref)
		if r.Before != pinned || r.Now == pinned || secret != r.Now || claim != r.Now || deployment != r.Now || r.Resumed {
			t.Fatalf("rotation %+v; secret %s, claim %s, deployment %s", r, secret, claim, deployment)
		}
		if !workspace.Succeeds(record, pinned, r.Now) || !workspace.Succeeds(record, first, r.Now) || record != r.Succession {
			t.Error("the record does not lead from the old keys to the new one")
		}
		pinned = r.Now
	}
	if keys, err := c.Keys(t.Context(), req.Ref); err != nil || len(keys) != 1 {
		t.Errorf("who may log in has changed: %v, %v", keys, err)
	}
	if _, err := c.RotateHostKey(t.Context(), req.Ref, "00000000-0000-0000-0000-000000000000"); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("another workspace of the name was rotated: %v", err)
	}
}

// A rotation that was cut off behind the Secret is ended; a key that came from
// elsewhere is refused.
func TestRotationEndsWhatWasCutOffAndNothingElse(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	first, _, _, _ := shownKeys(t, c, req.Ref)
	r, err := c.RotateHostKey(t.Context(), req.Ref, "")
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{workspace.AnnotationHostKey: first}}})
	if err != nil {
		t.Fatal(err)
	}
	back := func() {
		t.Helper()
		if _, err := c.Interface().AppsV1().Deployments(req.Ref.Namespace).Patch(t.Context(), req.Ref.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	back()
	again, err := c.RotateHostKey(t.Context(), req.Ref, "")
	if err != nil || !again.Resumed || again.Now != r.Now || again.Before != first {
		t.Fatalf("rotating again: %+v, %v", again, err)
	}
	if _, claim, deployment, _ := shownKeys(t, c, req.Ref); claim != r.Now || deployment != r.Now {
		t.Errorf("claim %s, deployment %s, want %s", claim, deployment, r.Now)
	}
	stranger := identity(t)
	data, err := json.Marshal(map[string]any{"data": map[string][]byte{"ssh_host_ed25519_key": stranger.HostKey}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Interface().CoreV1().Secrets(req.Ref.Namespace).Patch(t.Context(), req.Ref.SecretName(), types.MergePatchType, data, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RotateHostKey(t.Context(), req.Ref, ""); !errors.Is(err, workspace.ErrConflict) || workspace.HintOf(err) == "" {
		t.Errorf("a stranger's key was taken for ours: %v", err)
	}
	if _, claim, deployment, _ := shownKeys(t, c, req.Ref); claim != r.Now || deployment != r.Now {
		t.Error("the refusal has changed what the cluster shows")
	}
}

// Two who change the keys at once both get what they asked for.
func TestKeysAreChangedByManyAtOnce(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	const many = 3
	done := make(chan error, many)
	for i := range many {
		line := identity(t).HostPublic
		met := false // everybody reads before anybody writes, once
		go func() {
			done <- c.ChangeKeys(context.WithoutCancel(t.Context()), req.Ref, func(keys []string) ([]string, error) {
				if !met && i > 0 {
					met = true
					other := identity(t).HostPublic
					if err := c.ChangeKeys(t.Context(), req.Ref, func(keys []string) ([]string, error) { return append(keys, other), nil }); err != nil {
						return nil, err
					}
				}
				return append(keys, line), nil
			})
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	keys, err := c.Keys(t.Context(), req.Ref)
	if want := 1 + many + many - 1; err != nil || len(keys) != want {
		t.Errorf("%d keys, %v; want %d", len(keys), err, want)
	}
}

func TestOptionsOfKeysAreKept(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	line := `from="10.0.0.0/8,!10.1.0.0/16",command="echo \"hi\"",no-pty ` + identity(t).HostPublic + " ci at work"
	if err := c.ChangeKeys(t.Context(), req.Ref, func(keys []string) ([]string, error) { return append(keys, line), nil }); err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys(t.Context(), req.Ref)
	if err != nil || len(keys) != 2 || keys[1] != line {
		t.Errorf("keys are %q, %v", keys, err)
	}
}
