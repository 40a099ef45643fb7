package kube_test

import (
	"encoding/json"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// arm makes the at-th write from now on fail.
func (s *saboteur) arm(mode string, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.at, s.writes = mode, at, 0
}

// count returns the writes since arm.
func (s *saboteur) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// career is one workspace that is edited, deleted and restored, each over a
// client whose at-th write fails, and then once more.
type career struct {
	t      *testing.T
	sound  *kube.Client
	broken *kube.Client
	fault  *saboteur
	mode   string
	at     int

	ref    workspace.Ref
	made   kube.Created
	home   string // the claim's UID
	writes int    // of the verb that takes the most
}

// TestVerbsAfterAnyFailure fails each write of an edit, a delete and a restore
// in each way that leaves things half done, then runs the verb again, which
// completes it. Home, host key and settings come through all three.
func TestVerbsAfterAnyFailure(t *testing.T) {
	t.Parallel()
	whole := newCareer(t, "", 0)
	whole.pursue()
	if whole.writes < 7 {
		t.Fatalf("no verb takes more than %d writes", whole.writes)
	}
	for _, mode := range []string{"500", "lost answer", "killed"} {
		for at := 1; at <= whole.writes; at++ {
			t.Run(fmt.Sprintf("%s at write %d", mode, at), func(t *testing.T) {
				t.Parallel()
				newCareer(t, mode, at).pursue()
			})
		}
	}
}

func newCareer(t *testing.T, mode string, at int) *career {
	t.Helper()
	l := &career{t: t, sound: client(t, nil), mode: mode, at: at}
	l.broken, l.fault = sabotaged(t, "", 0)
	req := unscheduled(t, namespace(t, l.sound, nil))
	req.Spec.NoPDB = true // the edit adds one
	l.ref = req.Ref
	l.made = create(t, l.sound, req)
	l.home = l.claimUID()
	return l
}

func (l *career) pursue() {
	l.t.Helper()
	l.edit()
	l.twice("deleting", func(c *kube.Client) error {
		return c.Delete(l.t.Context(), l.ref, l.made.UID, workspace.Installation{}, nil)
	})
	if got := ownObjects(l.t, l.sound, l.ref.Namespace); len(got) != 2 {
		l.t.Errorf("delete left %v", got)
	}
	for _, deleted := range []string{l.labelOfSecret(), l.claim().Labels[workspace.LabelDeleted]} {
		if deleted != "true" {
			l.t.Error("what delete keeps is not marked")
		}
	}
	var back kube.Created
	l.twice("restoring", func(c *kube.Client) (err error) {
		back, err = c.Restore(l.t.Context(), kube.RestoreRequest{Ref: l.ref, ClaimUID: l.home}, nil)
		return err
	})
	if l.labelOfSecret() != "" || l.claim().Labels[workspace.LabelDeleted] != "" {
		l.t.Error("the restored workspace is still marked as deleted")
	}
	complete(l.t, l.sound, l.ref, back)
	if back.HostKey != l.made.HostKey {
		l.t.Errorf("the host key was %s and is %s", l.made.HostKey, back.HostKey)
	}
	l.edited()
}

// edit changes what needs a write of every kind: an annotation of the claim,
// a new disruption budget, a field of the Deployment.
func (l *career) edit() {
	l.t.Helper()
	change := func(s *workspace.Spec) error {
		s.NoPDB, s.Env = false, map[string]string{"EDITOR": "vi"}
		return nil
	}
	plan := func(c *kube.Client) (*kube.Edit, error) {
		return c.Plan(l.t.Context(), l.ref, l.made.UID, workspace.Installation{}, change)
	}
	e, err := plan(l.broken)
	if err != nil {
		l.t.Fatal(err)
	}
	first := true
	l.twice("editing", func(c *kube.Client) error {
		if !first && l.mode == "killed" {
			if e, err = plan(c); err != nil { // nobody is left who has the old one
				return err
			}
		}
		first = false
		return e.Apply(l.t.Context(), nil)
	})
	l.edited()
}

// twice runs a verb while a write fails and then again while none does.
func (l *career) twice(what string, verb func(*kube.Client) error) {
	l.t.Helper()
	l.fault.arm(l.mode, l.at)
	err := verb(l.broken)
	n := l.fault.count()
	l.writes = max(l.writes, n)
	switch {
	case l.at == 0 && err != nil:
		l.t.Fatalf("%s: %v", what, err)
	case l.at > n && err != nil:
		l.t.Fatalf("%s fails although no write did: %v", what, err)
	case l.at > 0 && l.at <= n && l.mode == "killed" && err == nil:
		l.t.Errorf("%s succeeds although write %d and all after it failed", what, l.at)
	}
	l.fault.arm("", 0)
	if got := l.claimUID(); got != l.home {
		l.t.Fatalf("%s made another home: %s, was %s", what, got, l.home)
	}
	if what == "restoring" && err == nil {
		return // a workspace that runs cannot be restored
	}
	if again := verb(l.sound); again != nil {
		l.t.Fatalf("%s again: %v (first: %v)", what, again, err)
	}
	if got := l.claimUID(); got != l.home {
		l.t.Fatalf("%s again made another home: %s, was %s", what, got, l.home)
	}
}

// edited checks that the change is in the Deployment, the kept settings and
// the list of objects.
func (l *career) edited() {
	l.t.Helper()
	d, err := l.sound.Interface().AppsV1().Deployments(l.ref.Namespace).Get(l.t.Context(), l.ref.Name, metav1.GetOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	found := false
	for _, v := range d.Spec.Template.Spec.Containers[0].Env {
		found = found || v.Name == "EDITOR" && v.Value == "vi"
	}
	if !found {
		l.t.Errorf("the edit is not in the Deployment: %v", d.Spec.Template.Spec.Containers[0].Env)
	}
	var kept workspace.Spec
	if err := json.Unmarshal([]byte(l.claim().Annotations[workspace.AnnotationSpec]), &kept); err != nil || kept.Env["EDITOR"] != "vi" || kept.NoPDB {
		l.t.Errorf("the edit is not in the kept settings: %+v, %v", kept, err)
	}
	if got := ownObjects(l.t, l.sound, l.ref.Namespace); len(got) != 6 {
		l.t.Errorf("objects are %v", got)
	}
}

func (l *career) claim() *corev1.PersistentVolumeClaim {
	l.t.Helper()
	claim, err := l.sound.Interface().CoreV1().PersistentVolumeClaims(l.ref.Namespace).Get(l.t.Context(), l.ref.ClaimName(), metav1.GetOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return claim
}

func (l *career) claimUID() string {
	l.t.Helper()
	return string(l.claim().UID)
}

func (l *career) labelOfSecret() string {
	l.t.Helper()
	secret, err := l.sound.Interface().CoreV1().Secrets(l.ref.Namespace).Get(l.t.Context(), l.ref.SecretName(), metav1.GetOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return secret.Labels[workspace.LabelDeleted]
}
