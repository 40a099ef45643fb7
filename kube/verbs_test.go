package kube_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// replicas returns how many pods the workspace asks for, and who says so.
func replicas(t *testing.T, c *kube.Client, ref workspace.Ref) (int32, string) {
	t.Helper()
	d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return *d.Spec.Replicas, owners(d.ManagedFields, `"f:replicas"`)
}

func TestStopStartRestartTwiceEach(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	made := create(t, c, req)
	for range 2 {
		if err := c.Stop(t.Context(), req.Ref, made.UID); err != nil {
			t.Fatal(err)
		}
		if n, owner := replicas(t, c, req.Ref); n != 0 || owner != "berth-scale/Apply" {
			t.Errorf("stopped: %d replicas, owned by %q", n, owner)
		}
	}
	if err := c.Restart(t.Context(), req.Ref, made.UID); !errors.Is(err, workspace.ErrConflict) || !strings.Contains(workspace.HintOf(err), "berth start api") {
		t.Errorf("restarting a stopped one: %v", err)
	}
	if _, err := c.Dial(t.Context(), req.Ref); err != nil && !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("dialing a stopped one: %v", err)
	}
	for range 2 {
		if err := c.Start(t.Context(), req.Ref, made.UID); err != nil {
			t.Fatal(err)
		}
	}
	ready(t, c, req.Ref)
	pods, err := c.Interface().CoreV1().Pods(req.Ref.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("pods: %v, %v", pods, err)
	}
	before := map[string]bool{}
	for _, pod := range pods.Items {
		before[string(pod.UID)] = true
	}
	if err := c.Restart(t.Context(), req.Ref, made.UID); err != nil {
		t.Fatal(err)
	}
	ready(t, c, req.Ref)
	pods, err = c.Interface().CoreV1().Pods(req.Ref.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := 0
	for _, pod := range pods.Items {
		if !before[string(pod.UID)] {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d new pods after a restart, want 1", fresh)
	}
}

func TestVerbsRefuseAnotherObjectOfTheSameName(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	const other = "00000000-0000-0000-0000-000000000000"
	for name, do := range map[string]func() error{
		"start":   func() error { return c.Start(t.Context(), req.Ref, other) },
		"stop":    func() error { return c.Stop(t.Context(), req.Ref, other) },
		"restart": func() error { return c.Restart(t.Context(), req.Ref, other) },
		"delete":  func() error { return c.Delete(t.Context(), req.Ref, other, workspace.Installation{}, nil) },
		"edit": func() error {
			_, err := c.Plan(t.Context(), req.Ref, other, workspace.Installation{}, func(*workspace.Spec) error { return nil })
			return err
		},
	} {
		if err := do(); !errors.Is(err, workspace.ErrConflict) {
			t.Errorf("%s: %v, want a conflict", name, err)
		}
	}
	missing := workspace.Ref{Namespace: req.Ref.Namespace, Name: "nobody"}
	if err := c.Start(t.Context(), missing, ""); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("starting what is not there: %v", err)
	}
	if err := c.Delete(t.Context(), missing, "", workspace.Installation{}, nil); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("deleting what is not there: %v", err)
	}
}

func TestDeleteAndRestoreKeepHomeAndIdentity(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	made := create(t, c, req)
	ready(t, c, req.Ref)
	claims := c.Interface().CoreV1().PersistentVolumeClaims(req.Ref.Namespace)
	home, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Delete(t.Context(), req.Ref, made.UID, workspace.Installation{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(ownObjects(t, c, req.Ref.Namespace), " "); got != "secret claim" {
		t.Errorf("delete left %q", got)
	}
	kept, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339, kept.Annotations[workspace.AnnotationDeletedAt]); err != nil || kept.Labels[workspace.LabelDeleted] != "true" {
		t.Errorf("the home is not marked: %v %v", kept.Labels, kept.Annotations)
	}
	if err := c.Start(t.Context(), req.Ref, ""); !errors.Is(err, workspace.ErrNotFound) || !strings.Contains(workspace.HintOf(err), "berth restore api") {
		t.Errorf("starting a deleted one: %v", err)
	}
	back, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref, ClaimUID: string(home.UID)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, c, req.Ref, back)
	again, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if again.UID != home.UID || again.Labels[workspace.LabelDeleted] != "" || again.Annotations[workspace.AnnotationDeletedAt] != "" {
		t.Errorf("the home is not the same or still marked: %v %v", again.Labels, again.Annotations)
	}
	if back.HostKey != made.HostKey || back.UID == made.UID {
		t.Errorf("created %+v, restored %+v", made, back)
	}
	ready(t, c, req.Ref)
}

func TestRestoreWithoutSecretAsksFirst(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	if err := c.Delete(t.Context(), req.Ref, "", workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Interface().CoreV1().Secrets(req.Ref.Namespace).Delete(t.Context(), "api-ssh", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref}, nil); !errors.Is(err, kube.ErrIdentityGone) {
		t.Fatalf("restoring without identity: %v", err)
	}
	fresh := identity(t)
	back, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref, NewIdentity: &fresh}, nil)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, c, req.Ref, back)
}

func TestPurgeOnlyWhatWasSeenAndNobodyUses(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	ready(t, c, req.Ref)
	ns := req.Ref.Namespace
	home, err := c.Interface().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	uid := string(home.UID)
	if err := c.Purge(t.Context(), req.Ref, uid, nil); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("purging a running one: %v", err)
	}
	if err := c.Delete(t.Context(), req.Ref, "", workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	gone(t, c, ns)
	holder := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "holder"}, Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"nowhere": "true"},
		Containers:   []corev1.Container{{Name: "c", Image: "none"}},
		Volumes: []corev1.Volume{{Name: "h", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "api-home"},
		}}},
	}}
	if _, err := c.Interface().CoreV1().Pods(ns).Create(t.Context(), holder, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Purge(t.Context(), req.Ref, uid, nil); !errors.Is(err, workspace.ErrConflict) || !contains(err, "pod holder (pending)") {
		t.Errorf("purging while a pod names the home: %v", err)
	}
	if err := c.Interface().CoreV1().Pods(ns).Delete(t.Context(), "holder", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	gone(t, c, ns)
	if err := c.Purge(t.Context(), req.Ref, "", nil); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("purging without a UID: %v", err)
	}
	if err := c.Purge(t.Context(), req.Ref, "00000000-0000-0000-0000-000000000000", nil); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("purging another home: %v", err)
	}
	if err := c.Purge(t.Context(), req.Ref, uid, nil); err != nil {
		t.Fatal(err)
	}
	if left := ownObjects(t, c, ns); len(left) != 0 {
		t.Errorf("purge left %v", left)
	}
	eventually(t, "purging again finds nothing", func(ctx context.Context) bool {
		return errors.Is(c.Purge(ctx, req.Ref, uid, nil), workspace.ErrNotFound)
	})
}

func TestKeysAreChangedInTheSecret(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	more := identity(t).HostPublic + " laptop"
	err := c.ChangeKeys(t.Context(), req.Ref, func(keys []string) ([]string, error) { return append(keys, more, more), nil })
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys(t.Context(), req.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[1] != more {
		t.Errorf("keys are %q", keys)
	}
	err = c.ChangeKeys(t.Context(), req.Ref, func([]string) ([]string, error) { return []string{"not a key"}, nil })
	if !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("a line that is no key: %v", err)
	}
}

func TestDialReachesSSHD(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	ready(t, c, req.Ref)
	conn, err := c.Dial(t.Context(), req.Ref)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	banner, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(banner, "SSH-2.0-") {
		t.Fatalf("sshd says %q, %v", banner, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading past the deadline: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Error("writing after Close works")
	}
}
