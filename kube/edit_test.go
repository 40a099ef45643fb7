package kube_test

import (
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func TestEditOfAStoppedWorkspaceDoesNotStartIt(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	made := create(t, c, req)
	if err := c.Stop(t.Context(), req.Ref, made.UID); err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan(t.Context(), req.Ref, made.UID, workspace.Installation{}, func(s *workspace.Spec) error {
		s.Image, s.Memory, s.NoPDB = "debian:13", "128Mi", true
		s.Env = map[string]string{"EDITOR": "vi"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-        image: ubuntu:24.04", "+        image: debian:13", "+            memory: 128Mi", "poddisruptionbudget api", "EDITOR"} {
		if strings.Contains(plan.Diff, workspace.AnnotationSpec) {
			t.Errorf("the diff shows the kept spec:\n%s", plan.Diff)
		}
		if !strings.Contains(plan.Diff, want) {
			t.Errorf("the diff lacks %q:\n%s", want, plan.Diff)
		}
	}
	if !plan.Restarts || plan.Before.Image != "ubuntu:24.04" || plan.After.Image != "debian:13" {
		t.Errorf("plan is %+v", plan)
	}
	if n, _ := replicas(t, c, req.Ref); n != 0 {
		t.Fatal("the plan alone started it")
	}
	for range 2 {
		if err := plan.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n, owner := replicas(t, c, req.Ref); n != 0 || owner != "berth-scale/Apply" {
		t.Errorf("after the edit: %d replicas, owned by %q", n, owner)
	}
	d, err := c.Interface().AppsV1().Deployments(req.Ref.Namespace).Get(t.Context(), "api", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Spec.Template.Spec.Containers[0].Image; got != "debian:13" {
		t.Errorf("image is %s", got)
	}
	again, err := c.Plan(t.Context(), req.Ref, made.UID, workspace.Installation{}, func(*workspace.Spec) error { return nil })
	if err != nil || again.Diff != "" {
		t.Errorf("planning no change: %v\n%s", err, again.Diff)
	}
	if err := c.Start(t.Context(), req.Ref, made.UID); err != nil {
		t.Fatal(err)
	}
	if n, _ := replicas(t, c, req.Ref); n != 1 {
		t.Error("it does not start after an edit")
	}
}

func TestEditNamesFieldAndOwner(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	patch := `{"spec":{"template":{"spec":{"containers":[{"name":"workspace","image":"foreign:1"}]}}}}`
	_, err := c.Interface().AppsV1().Deployments(req.Ref.Namespace).Patch(t.Context(), "api", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "argocd"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Plan(t.Context(), req.Ref, "", workspace.Installation{}, func(s *workspace.Spec) error { s.Image = "debian:13"; return nil })
	if !errors.Is(err, workspace.ErrConflict) || !contains(err, "image", "argocd") {
		t.Errorf("error is %v, want a conflict that names the image and argocd", err)
	}
}

func TestEditRefusesWhatCannotChange(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	for name, change := range map[string]func(*workspace.Spec){
		"smaller disk":  func(s *workspace.Spec) { s.Disk = "500Mi" },
		"storage class": func(s *workspace.Spec) { s.StorageClass = "other" },
		"login name":    func(s *workspace.Spec) { s.User = "somebody" },
		"negative disk": func(s *workspace.Spec) { s.Disk = "-1" },
		"image":         func(s *workspace.Spec) { s.Image = "two words" },
	} {
		_, err := c.Plan(t.Context(), req.Ref, "", workspace.Installation{}, func(s *workspace.Spec) error { change(s); return nil })
		if !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}

func TestEditMovesBetweenProfiles(t *testing.T) {
	c := client(t, nil)
	req := request(t, namespace(t, c, map[string]string{"pod-security.kubernetes.io/enforce": "baseline"}))
	create(t, c, req)
	plan := func(change func(*workspace.Spec)) *kube.Edit {
		t.Helper()
		e, err := c.Plan(t.Context(), req.Ref, "", workspace.Installation{}, func(s *workspace.Spec) error { change(s); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return e
	}
	if _, err := c.Plan(t.Context(), req.Ref, "", workspace.Installation{}, kube.ResetRoot("api")); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("resetting the root of another profile: %v", err)
	}
	e := plan(func(s *workspace.Spec) { s.Profile = workspace.Full })
	if e.After.Form != workspace.FormBaseline || !strings.Contains(e.Diff, "hostUsers: false") || !strings.Contains(e.Diff, "procMount: Unmasked") {
		t.Errorf("full is form %q with diff\n%s", e.After.Form, e.Diff)
	}
	e, err := c.Plan(t.Context(), req.Ref, "", workspace.Installation{}, kube.ResetRoot("api"))
	if err != nil {
		t.Fatal(err)
	}
	if e.After.Root != 1 || !e.Restarts || !strings.Contains(e.Diff, "value: 1-") {
		t.Errorf("a reset makes generation %d with diff\n%s", e.After.Root, e.Diff)
	}
	e = plan(func(s *workspace.Spec) { s.Profile = workspace.Standard })
	if e.After.Form != "" || !e.After.WasFull || !strings.Contains(e.Diff, "BERTH_SCAN_SETUID") || len(e.Notes) == 0 {
		t.Errorf("back to standard: %+v, notes %q, diff\n%s", e.After, e.Notes, e.Diff)
	}
}
